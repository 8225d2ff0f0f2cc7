namespace KafkaCompat.Broker.Tests.Loops;

/// <summary>
/// A clock that stands still until a test moves it; its timers fire on the thread that moves it. Like a real one it has two hands: <see cref="Advance"/>
/// lets time pass for both, and <see cref="SetWall"/> sets the wall clock alone, as a person or NTP does. Timers go by the monotonic one.
/// </summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _wallIsAhead;

    /// <summary>Calls of timers so far.</summary>
    public int Fired { get; private set; }

    /// <summary>Timers that will fire.</summary>
    public int Pending
    {
        get { lock (_lock) return _timers.Count(static timer => timer.Due is not null); }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now + _wallIsAhead;
    }

    /// <summary>Sets the wall clock forward or back. No time passes.</summary>
    public void SetWall(TimeSpan by)
    {
        lock (_lock) _wallIsAhead += by;
    }

    public override long GetTimestamp()
    {
        lock (_lock) return _now.Ticks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_lock) _timers.Add(timer);
        _ = timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The process is stopped for a while: time passes at once, and each timer that came due meanwhile fires once, in whatever order.</summary>
    public void Sleep(TimeSpan by)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now).OrderBy(static timer => timer.Due).Reverse()];
        }
        foreach (var timer in due)
        {
            Fired++;
            timer.Fire();
        }
    }

    /// <summary>Moves on step by step, so that periodic timers see every tick.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset until;
        lock (_lock) until = _now + by;
        while (true)
        {
            ManualTimer? next = null;
            lock (_lock)
            {
                foreach (var timer in _timers)
                {
                    if (timer.Due is { } due && due <= until && (next is null || due < next.Due)) next = timer;
                }
                if (next is null)
                {
                    _now = until;
                    return;
                }
                if (next.Due > _now) _now = next.Due!.Value;
            }
            Fired++;
            next.Fire();
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
            }
            return true;
        }

        public void Fire()
        {
            lock (time._lock) Due = _period > TimeSpan.Zero ? Due + _period : null;
            callback(state);
        }

        public void Dispose()
        {
            lock (time._lock) _ = time._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
