namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// When each broker was last heard of. It is not in the log: a new leader gives every broker a whole session's time. The time is handed in, and is the monotonic clock's.
/// It is the one thing that deciding changes: most heartbeats lead to no record that could be applied, and to have heard of a broker stays true where what was
/// decided with it is not committed. What is forgotten too early or too late costs a heartbeat, never a decision that the log does not hold.
/// </summary>
internal sealed class BrokerSessions(long timeoutMs)
{
    private readonly Dictionary<int, long> _lastContactMs = [];

    /// <summary>A broker was heard of. Contacts may be told in any order: the last one counts.</summary>
    public void Touch(int broker, long tickMs) => _lastContactMs[broker] = Math.Max(tickMs, _lastContactMs.GetValueOrDefault(broker, tickMs));

    public void Forget(int broker) => _lastContactMs.Remove(broker);

    public bool IsAlive(int broker, long tickMs) => _lastContactMs.TryGetValue(broker, out long last) && tickMs < last + timeoutMs;

    /// <summary>Time passed in which nobody could be heard: it is no broker's silence.</summary>
    public void Forgive(long ms, long tickMs)
    {
        foreach (int broker in _lastContactMs.Keys.ToList())
        {
            _lastContactMs[broker] = Math.Min(_lastContactMs[broker] + ms, tickMs);
        }
    }

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
