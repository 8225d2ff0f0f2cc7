namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// What a client may still change under its controller mutation quota: fills by the quota a second up to what all windows together allow, is full at first, and
/// may go below zero by what one request takes. Not safe for threads.
/// </summary>
internal sealed class TokenBucket(double capacitySeconds)
{
    private double _tokens = double.PositiveInfinity;
    private long _filledMs;

    /// <summary>What is left now; below zero it takes that long to fill up again.</summary>
    public double Left(double rate, long nowMs) => Math.Min(capacitySeconds * rate, _tokens + (rate * (nowMs - _filledMs) / 1000));

    /// <summary>Takes from what is left now.</summary>
    public void Take(double tokens, double rate, long nowMs) => (_tokens, _filledMs) = (Left(rate, nowMs) - tokens, nowMs);
}
