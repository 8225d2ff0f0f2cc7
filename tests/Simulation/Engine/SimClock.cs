namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// The two clocks of one machine. The monotonic one runs a little faster or slower than the world's time; the wall clock runs with it and is set forward
/// and back besides, which no timer hears of. It outlives the processes on the machine.
/// </summary>
internal sealed class SimClock(SimScheduler scheduler, DateTimeOffset start, int driftPerMillion) : TimeProvider
{
    private TimeSpan _wallIsAhead;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() =>
        scheduler.Now + (scheduler.Now / 1_000_000 * driftPerMillion) + (scheduler.Now % 1_000_000 * driftPerMillion / 1_000_000);

    public override DateTimeOffset GetUtcNow() => start + _wallIsAhead + new TimeSpan(GetTimestamp());

    /// <summary>Somebody sets the wall clock. No time passes.</summary>
    public void SetWall(TimeSpan ahead) => _wallIsAhead = ahead;

    /// <summary>The clock as a process sees it: its timers fire in the process's context, and die with it.</summary>
    public TimeProvider For(SimContext context) => new ProcessClock(this, context);

    /// <summary>The world's time when the clock will have gone on by so much.</summary>
    private long After(TimeSpan span) => scheduler.Now + (long)Math.Ceiling(span.Ticks / (1 + (driftPerMillion / 1_000_000.0))) + 1;

    private sealed class ProcessClock(SimClock clock, SimContext context) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new SimTimer(clock, context, callback, state);
            _ = timer.Change(dueTime, period);
            return timer;
        }
    }

    private sealed class SimTimer(SimClock clock, SimContext context, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private int _setting;
        private bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
            {
                return false;
            }

            _period = period;
            Set(dueTime);
            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            _setting++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan dueTime)
        {
            var setting = ++_setting;
            if (dueTime != Timeout.InfiniteTimeSpan && !context.IsDead)
            {
                clock.PostAt(clock.After(dueTime), context, this, setting);
            }
        }

        public void Fire(int setting)
        {
            if (setting != _setting)
            {
                return;
            }

            if (_period > TimeSpan.Zero)
            {
                Set(_period);
            }

            callback(state);
        }
    }

    private void PostAt(long due, SimContext context, SimTimer timer, int setting) =>
        scheduler.PostAt(due, context, static fired =>
        {
            var (timer, setting) = ((SimTimer, int))fired!;
            timer.Fire(setting);
        }, (timer, setting));
}
