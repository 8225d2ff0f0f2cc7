namespace KafkaCompat.Broker.Time;

/// <summary>
/// A hashed wheel of 10 ms ticks: every long poll, acknowledgement wait and idle deadline of a node hangs on it. One
/// timer of the <see cref="TimeProvider"/> drives all of them and rests while nothing is scheduled. Scheduling and
/// cancelling are O(1); an entry further away than one turn of the wheel is looked at once a turn.
/// </summary>
/// <remarks>
/// Invariant: an entry lies in slot <c>DeadlineTick mod SlotCount</c>, and every entry with
/// <c>DeadlineTick &lt;= _currentTick</c> has been taken out. An entry never fires early: its deadline is rounded up to
/// the next tick.
/// </remarks>
public sealed class TimerWheel : IDisposable
{
    public const int TickMs = 10;
    private const int SlotCount = 1024;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long _startTimestamp;
    private readonly TimerWheelEntry?[] _slots = new TimerWheelEntry?[SlotCount];
    private long _currentTick;
    private int _count;
    private bool _running;
    private bool _disposed;

    public TimerWheel(TimeProvider time)
    {
        _time = time;
        _startTimestamp = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((TimerWheel)state!).Advance(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Entries that are scheduled now.</summary>
    public int Count
    {
        get { lock (_lock) return _count; }
    }

    /// <summary>Fires <paramref name="entry"/> not before <paramref name="delayMs"/> from now.</summary>
    public void Schedule(TimerWheelEntry entry, long delayMs)
    {
        lock (_lock)
        {
            if (_disposed) return;
            if (entry.Slot != TimerWheelEntry.Idle) throw new InvalidOperationException("The entry is scheduled already.");
            var now = ElapsedMs();
            // While the wheel rested no tick was worked off; there was nothing in it, so it may jump.
            if (_count == 0) _currentTick = now / TickMs;
            var tick = (now + Math.Max(0, delayMs) + TickMs - 1) / TickMs;
            entry.DeadlineTick = Math.Max(tick, _currentTick + 1);
            Link(entry);
            if (!_running)
            {
                _running = true;
                _timer.Change(TimeSpan.FromMilliseconds(TickMs), TimeSpan.FromMilliseconds(TickMs));
            }
        }
    }

    /// <summary>Takes the entry out; false when it was not scheduled, or fires or has fired.</summary>
    public bool Cancel(TimerWheelEntry entry)
    {
        lock (_lock)
        {
            if (entry.Slot < 0) return false;
            Unlink(entry);
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _running = false;
        }
        _timer.Dispose();
    }

    /// <summary>Fires what is due. The timer calls it; a test with its own clock may.</summary>
    internal void Advance()
    {
        // Expired entries are chained through Next: nothing is allocated here.
        TimerWheelEntry? expired = null;
        TimerWheelEntry? last = null;
        lock (_lock)
        {
            if (_disposed) return;
            var target = ElapsedMs() / TickMs;
            // After a long pause one turn visits every slot; more turns would find nothing new.
            var first = Math.Max(_currentTick + 1, target - SlotCount + 1);
            for (var tick = first; tick <= target && _count > 0; tick++)
            {
                var entry = _slots[tick & (SlotCount - 1)];
                while (entry is not null)
                {
                    var next = entry.Next;
                    if (entry.DeadlineTick <= target)
                    {
                        Unlink(entry);
                        entry.Slot = TimerWheelEntry.Firing;
                        if (last is null) expired = entry;
                        else last.Next = entry;
                        last = entry;
                    }
                    entry = next;
                }
            }
            _currentTick = Math.Max(_currentTick, target);
            if (_count == 0 && _running)
            {
                _running = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
        while (expired is not null)
        {
            var next = expired.Next;
            expired.Next = null;
            expired.Slot = TimerWheelEntry.Idle;
            expired.OnDeadline();
            expired = next;
        }
    }

    private long ElapsedMs() => (long)_time.GetElapsedTime(_startTimestamp).TotalMilliseconds;

    private void Link(TimerWheelEntry entry)
    {
        var slot = (int)(entry.DeadlineTick & (SlotCount - 1));
        entry.Slot = slot;
        entry.Previous = null;
        entry.Next = _slots[slot];
        if (entry.Next is not null) entry.Next.Previous = entry;
        _slots[slot] = entry;
        _count++;
    }

    private void Unlink(TimerWheelEntry entry)
    {
        if (entry.Previous is null) _slots[entry.Slot] = entry.Next;
        else entry.Previous.Next = entry.Next;
        if (entry.Next is not null) entry.Next.Previous = entry.Previous;
        entry.Previous = null;
        entry.Next = null;
        entry.Slot = TimerWheelEntry.Idle;
        _count--;
    }
}
