using System.Numerics;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Broker.Loops;

/// <summary>
/// A hashed wheel of 10 ms ticks: every long poll, acknowledgement wait and idle deadline of a node hangs on it. One
/// timer of the <see cref="TimeProvider"/> drives all of them: it is set to the next deadline and no tick between, so that
/// thousands of connections which may idle for minutes wake nobody. Scheduling and cancelling are O(1).
/// </summary>
/// <remarks>
/// Invariants: an entry that is due within a turn of <c>_currentTick</c> when it is placed lies in slot <c>DeadlineTick mod SlotCount</c>, so all of a slot
/// have the same deadline; later ones lie in the list behind the slots, which is looked through twice a turn. Every entry with
/// <c>DeadlineTick &lt;= _currentTick</c> has been taken out. An entry never fires early: its deadline is rounded up to
/// the next tick.
/// </remarks>
public sealed class TimerWheel : IDisposable
{
    public const int TickMs = 10;
    private const int SlotCount = 1024;

    /// <summary>The list of entries that are further away than one turn.</summary>
    private const int Far = SlotCount;

    /// <summary>Ticks between two looks at the far entries: so few that each is found before it is due.</summary>
    private const int FarInterval = SlotCount / 2;
    private const long Resting = long.MaxValue;
    private const int WordBits = 64;

    /// <summary>Settings go up to Long.MaxValue, which stands for never; half of it is as far away, and leaves room for the time that has passed.</summary>
    private const long MaxDelayMs = long.MaxValue / 2;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly FatalFaults? _faults;
    private readonly ITimer _timer;
    private readonly long _startTimestamp;
    private readonly TimerWheelEntry?[] _slots = new TimerWheelEntry?[SlotCount + 1];

    /// <summary>A bit for each slot that holds an entry.</summary>
    private readonly ulong[] _taken = new ulong[SlotCount / WordBits];
    private long _currentTick;
    private long _farTick;

    /// <summary>The tick that the timer is set to.</summary>
    private long _armedTick = Resting;
    private int _count;
    private bool _disposed;

    /// <param name="time">By which it turns.</param>
    /// <param name="faults">What ends the node, for what is met where a deadline is.</param>
    public TimerWheel(TimeProvider time, FatalFaults? faults = null)
    {
        (_time, _faults) = (time, faults);
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
            // While the wheel was empty no tick was worked off; there was nothing in it, so it may jump.
            if (_count == 0) _currentTick = now / TickMs;
            var tick = (now + Math.Clamp(delayMs, 0, MaxDelayMs) + TickMs - 1) / TickMs;
            entry.DeadlineTick = Math.Max(tick, _currentTick + 1);
            Link(entry);
            Arm(entry.Slot == Far ? _farTick : entry.DeadlineTick, now);
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
            var now = ElapsedMs();
            var target = now / TickMs;
            _armedTick = Resting;
            for (var tick = NextTaken(); tick <= target; tick = NextTaken())
            {
                _currentTick = tick;
                while (_slots[tick & (SlotCount - 1)] is { } entry) Expire(entry);
            }
            _currentTick = Math.Max(_currentTick, target);
            if (_slots[Far] is not null && _farTick <= target)
            {
                _farTick = target + FarInterval;
                for (var entry = _slots[Far]; entry is not null;)
                {
                    var next = entry.Next;
                    if (entry.DeadlineTick <= target)
                    {
                        Expire(entry);
                    }
                    else if (entry.DeadlineTick < target + SlotCount)
                    {
                        Unlink(entry);
                        Link(entry);
                    }
                    entry = next;
                }
            }
            if (_count > 0) Arm(Math.Min(NextTaken(), _slots[Far] is null ? Resting : _farTick), now);
        }
        while (expired is not null)
        {
            var next = expired.Next;
            expired.Next = null;
            expired.Slot = TimerWheelEntry.Idle;
            try
            {
                expired.OnDeadline();
            }
            catch (InvariantException broken) when (_faults is not null)
            {
                // The timer's thread would take the whole process with it, in which there may be other nodes.
                _ = _faults.Report(broken);
            }
            expired = next;
        }

        void Expire(TimerWheelEntry entry)
        {
            Unlink(entry);
            entry.Slot = TimerWheelEntry.Firing;
            if (last is null) expired = entry;
            else last.Next = entry;
            last = entry;
        }
    }

    private long ElapsedMs() => (long)_time.GetElapsedTime(_startTimestamp).TotalMilliseconds;

    /// <summary>Sets the timer to <paramref name="tick"/> unless it is set to an earlier one.</summary>
    private void Arm(long tick, long nowMs)
    {
        if (tick >= _armedTick) return;
        _armedTick = tick;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, (tick * TickMs) - nowMs)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>The next tick at which a slot is due, or <see cref="Resting"/>.</summary>
    private long NextTaken()
    {
        var first = _currentTick + 1;
        var slot = (int)(first & (SlotCount - 1));
        // The word of the first slot is looked at twice: its upper bits at the beginning of the turn, its lower ones at the end.
        for (var word = 0; word <= _taken.Length; word++)
        {
            var at = ((slot / WordBits) + word) % _taken.Length;
            var bits = _taken[at];
            var lower = (1UL << (slot % WordBits)) - 1;
            if (word == 0) bits &= ~lower;
            else if (word == _taken.Length) bits &= lower;
            if (bits != 0) return first + ((((at * WordBits) + BitOperations.TrailingZeroCount(bits)) - slot) & (SlotCount - 1));
        }
        return Resting;
    }

    private void Link(TimerWheelEntry entry)
    {
        var isFar = entry.DeadlineTick - _currentTick >= SlotCount;
        var slot = isFar ? Far : (int)(entry.DeadlineTick & (SlotCount - 1));
        if (!isFar) _taken[slot / WordBits] |= 1UL << (slot % WordBits);
        else if (_slots[Far] is null) _farTick = _currentTick + FarInterval;
        entry.Slot = slot;
        entry.Previous = null;
        entry.Next = _slots[slot];
        if (entry.Next is not null) entry.Next.Previous = entry;
        _slots[slot] = entry;
        _count++;
    }

    private void Unlink(TimerWheelEntry entry)
    {
        var slot = entry.Slot;
        if (entry.Previous is null) _slots[slot] = entry.Next;
        else entry.Previous.Next = entry.Next;
        if (entry.Next is not null) entry.Next.Previous = entry.Previous;
        if (slot != Far && _slots[slot] is null) _taken[slot / WordBits] &= ~(1UL << (slot % WordBits));
        entry.Previous = null;
        entry.Next = null;
        entry.Slot = TimerWheelEntry.Idle;
        _count--;
    }
}
