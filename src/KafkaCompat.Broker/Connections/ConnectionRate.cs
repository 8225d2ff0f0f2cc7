using KafkaCompat.Broker.Quotas;

namespace KafkaCompat.Broker.Connections;

/// <summary>How often connections come, and how often they may. Not safe for threads; the quota has a lock.</summary>
internal sealed class ConnectionRate(int windows, long windowMs)
{
    private readonly WindowedRate _rate = new(windows, windowMs);

    /// <summary>Connections a second that may come.</summary>
    public double Limit { get; set; } = int.MaxValue;

    /// <summary>Counts a connection and says how long it has to wait so that the rate comes down to the limit; one window at most, as in Kafka.</summary>
    public long Record(long nowMs)
    {
        _rate.Record(1, nowMs);
        return Limit == 0 ? windowMs : Math.Min(windowMs, _rate.OverrunMs(Limit, nowMs));
    }

    /// <summary>The connection that was counted last does not come about.</summary>
    public void TakeBack(long nowMs) => _rate.Record(-1, nowMs);
}
