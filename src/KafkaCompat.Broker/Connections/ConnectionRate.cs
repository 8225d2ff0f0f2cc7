namespace KafkaCompat.Broker.Connections;

/// <summary>
/// How often connections come, as Kafka measures it: in windows of <c>quota.window.size.seconds</c>, of which the last <c>quota.window.num</c> count. Until
/// there are that many, the missing ones count as quiet, so that a burst after rest is let through. Not safe for threads; the quota has a lock.
/// </summary>
internal sealed class ConnectionRate(int windows, long windowMs)
{
    private readonly Queue<(long StartMs, int Count)> _past = new();
    private long _startMs = long.MinValue;
    private int _count;

    /// <summary>Connections a second that may come.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>Counts a connection and says how long it has to wait so that the rate comes down to the limit; one window at most, as in Kafka.</summary>
    public long Record(long nowMs)
    {
        if (_startMs == long.MinValue) _startMs = nowMs;
        if (nowMs - _startMs >= windowMs)
        {
            _past.Enqueue((_startMs, _count));
            (_startMs, _count) = (nowMs, 0);
        }
        while (_past.TryPeek(out var oldest) && (_past.Count >= windows || nowMs - oldest.StartMs >= windows * windowMs)) _ = _past.Dequeue();
        _count++;
        var total = (double)_count;
        foreach (var window in _past) total += window.Count;
        var elapsedMs = nowMs - (_past.TryPeek(out var first) ? first.StartMs : _startMs);
        var missing = windows - 1 - (elapsedMs / windowMs);
        var spanMs = elapsedMs + (Math.Max(0, missing) * windowMs);
        var surplus = (total * 1000 / Math.Max(1, spanMs)) - Limit;
        if (surplus <= 0) return 0;
        return Limit == 0 ? windowMs : (long)Math.Min(windowMs, Math.Round(surplus / Limit * spanMs));
    }
}
