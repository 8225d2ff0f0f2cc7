namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// When each broker was last heard of. It is not in the log: a new leader gives every broker a whole session's time. The time is handed in.
/// It is the one thing that deciding changes: most heartbeats lead to no record that could be applied, and to have heard of a broker stays true where what was
/// decided with it is not committed. What is forgotten too early or too late costs a heartbeat, never a decision that the log does not hold.
/// </summary>
internal sealed class BrokerSessions(long timeoutMs)
{
    private readonly Dictionary<int, long> _lastContactMs = [];

    public void Touch(int broker, long nowMs) => _lastContactMs[broker] = nowMs;

    public void Forget(int broker) => _lastContactMs.Remove(broker);

    public bool IsAlive(int broker, long nowMs) => _lastContactMs.TryGetValue(broker, out long last) && nowMs < last + timeoutMs;

    /// <summary>When the session of the first of these brokers ends; null where there are none.</summary>
    public long? FirstExpiryMs(IEnumerable<int> brokers)
    {
        long? first = null;
        foreach (int broker in brokers)
        {
            long expiry = _lastContactMs.GetValueOrDefault(broker) + timeoutMs;
            first = first is null ? expiry : Math.Min(first.Value, expiry);
        }

        return first;
    }
}
