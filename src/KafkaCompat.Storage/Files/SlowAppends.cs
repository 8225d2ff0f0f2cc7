using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Storage.Files;

/// <summary>
/// Whether appends to the logs of one directory take long. While they do, whoever answers clients has them made on the directory's threads for the disk, and
/// the thread of the socket goes on with other connections. The append by which that is found out has held its thread; those that come while it is under way
/// hold none.
/// </summary>
/// <remarks>
/// A fast disk pays two readings of the clock an append, and nobody waits here for anybody. That a disk does not answer at all is seen by the next append:
/// some are under way, and none has ended for long.
/// </remarks>
public sealed class SlowAppends(TimeProvider clock)
{
    /// <summary>An append that takes longer is a slow one.</summary>
    public const int SlowMs = 50;

    /// <summary>
    /// How long no append may have been slow before appends are expected to be fast again, the first time. Until then each takes three times the processor
    /// time: one stall of a disk must not cost that for long.
    /// </summary>
    public const int MinSlowForMs = 100;

    /// <summary>The longest such time. It doubles with each relapse, so that a disk that stalls often holds few sockets' threads.</summary>
    public const int MaxSlowForMs = 2_000;

    /// <summary>Appends that are slow again less than this after they counted as fast are a relapse.</summary>
    public const int RelapseMs = 10_000;

    private const long None = long.MinValue;

    private readonly Lock _lock = new();
    private long _sinceMs = None;
    private int _underWay;
    private volatile bool _areSlow;
    private long _lastSlowMs;
    private long _fastSinceMs = None;
    private int _slowForMs = MinSlowForMs;
    private long _count;

    /// <summary>
    /// Called when an append was slow, with its milliseconds, where they were expected to be fast. What a listener throws costs no append: its records are
    /// written.
    /// </summary>
    public event Action<long>? BecameSlow;

    /// <summary>Called when appends are expected to be fast again, with the milliseconds in which none was slow.</summary>
    public event Action<long>? BecameFast;

    /// <summary>Appends that were slow.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Whether the next append is expected to take long. An append under way that has done so by now is counted in and reported.</summary>
    public bool AreSlow()
    {
        if (_areSlow)
            return true;
        var since = Volatile.Read(ref _sinceMs);
        if (since == None)
            return false;
        var now = clock.TickMs();
        if (now - since <= SlowMs)
            return false;
        Slow(now - since, now);
        return true;
    }

    /// <summary>An append begins.</summary>
    internal void Begin(long tickMs)
    {
        if (Interlocked.Increment(ref _underWay) == 1)
            Volatile.Write(ref _sinceMs, tickMs);
    }

    /// <summary>An append has ended that began at a tick, whatever came of it.</summary>
    internal void End(long begunMs)
    {
        var now = clock.TickMs();
        // What the disk still owes is watched from here on: it has just answered.
        Volatile.Write(ref _sinceMs, Interlocked.Decrement(ref _underWay) == 0 ? None : now);
        if (now - begunMs > SlowMs)
        {
            _ = Interlocked.Increment(ref _count);
            Slow(now - begunMs, now);
        }
        else if (_areSlow)
        {
            Fast(now);
        }
    }

    private void Slow(long tookMs, long nowMs)
    {
        lock (_lock)
        {
            _lastSlowMs = nowMs;
            if (_areSlow)
                return;
            _areSlow = true;
            var isRelapse = _fastSinceMs != None && nowMs - _fastSinceMs < RelapseMs;
            _slowForMs = isRelapse ? Math.Min(_slowForMs * 2, MaxSlowForMs) : MinSlowForMs;
        }
        Raise(() => BecameSlow?.Invoke(tookMs));
    }

    private void Fast(long nowMs)
    {
        long quietMs;
        lock (_lock)
        {
            quietMs = nowMs - _lastSlowMs;
            if (!_areSlow || quietMs < _slowForMs)
                return;
            _areSlow = false;
            _fastSinceMs = nowMs;
        }
        Raise(() => BecameFast?.Invoke(quietMs));
    }

    private static void Raise(Action listeners)
    {
        try
        {
            listeners();
        }
        catch (Exception failure) when (InvariantException.In(failure) is null)
        {
            // A logger, most likely. This is the thread of an append, which would be answered with an error.
        }
    }
}
