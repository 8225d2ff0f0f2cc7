namespace KafkaCompat.Broker.Quotas;

/// <summary>
/// A rate a second as Kafka measures it for quotas: in windows of <c>quota.window.size.seconds</c>, of which the last <c>quota.window.num</c> count. Until
/// there are that many, the missing ones count as quiet, so that a burst after rest is let through. A window begins with the first value after the end of
/// the one before, so the oldest may reach back further than all windows together; it counts until its last value is that old. Not safe for threads.
/// </summary>
internal sealed class WindowedRate
{
    /// <summary>Windows that are kept apart. Where more are asked for each is longer, so that the time that counts stays the same.</summary>
    public const int MaxWindows = 3600;

    private readonly int _measured;
    private readonly long _windowMs;
    private readonly Window[] _windows;
    private int _current;
    private int _count;

    public WindowedRate(int windows, long windowMs)
    {
        _measured = Math.Min(windows, MaxWindows);
        _windowMs = windows == _measured ? windowMs : (long)((Int128)windowMs * windows / _measured);
        // One more than are measured, for the oldest that is still partly within.
        _windows = new Window[_measured + 1];
    }

    public void Record(double value, long nowMs)
    {
        if (_count == 0)
        {
            _windows[_count++].Begin(nowMs);
        }
        else if (nowMs - _windows[_current].StartMs >= _windowMs)
        {
            _current = (_current + 1) % _windows.Length;
            _count = Math.Max(_count, _current + 1);
            _windows[_current].Begin(nowMs);
        }
        ref var window = ref _windows[_current];
        window.Total += value;
        window.LastMs = nowMs;
    }

    /// <summary>How long nothing may come so that the rate falls to the limit; 0 where it is within.</summary>
    public long OverrunMs(double limit, long nowMs)
    {
        var (total, spanMs) = Measure(nowMs);
        var surplus = (total * 1000 / spanMs) - limit;
        return surplus <= 0 ? 0 : (long)Math.Min(long.MaxValue / 2, Math.Floor((surplus / limit * spanMs) + 0.5));
    }

    /// <summary>What came, and in how many milliseconds.</summary>
    internal (double Total, long SpanMs) Measure(long nowMs)
    {
        var total = 0d;
        var oldestMs = nowMs;
        for (var i = 0; i < _count; i++)
        {
            ref var window = ref _windows[i];
            if (nowMs - window.LastMs >= _measured * _windowMs) window.Begin(nowMs);
            total += window.Total;
            oldestMs = Math.Min(oldestMs, window.StartMs);
        }
        var elapsedMs = nowMs - oldestMs;
        return (total, Math.Max(1, elapsedMs + (Math.Max(0, _measured - 1 - (elapsedMs / _windowMs)) * _windowMs)));
    }

    private struct Window
    {
        public long StartMs;
        public long LastMs;
        public double Total;

        public void Begin(long nowMs) => (StartMs, LastMs, Total) = (nowMs, nowMs, 0);
    }
}
