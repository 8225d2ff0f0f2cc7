using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// When each broker was last heard of, as a value. It is not in the log: a new leader gives every broker a whole session's time. The time is handed in, and is
/// the monotonic clock's.
/// </summary>
internal sealed class BrokerSessions
{
    private readonly long _timeoutMs;
    private readonly ImmutableSortedDictionary<int, long> _lastContactMs;

    public BrokerSessions(long timeoutMs)
        : this(timeoutMs, ImmutableSortedDictionary<int, long>.Empty)
    {
    }

    private BrokerSessions(long timeoutMs, ImmutableSortedDictionary<int, long> lastContactMs) => (_timeoutMs, _lastContactMs) = (timeoutMs, lastContactMs);

    /// <summary>A broker was heard of. Contacts may be reported in any order: the last one counts.</summary>
    public BrokerSessions With(int broker, long tickMs) =>
        new(_timeoutMs, _lastContactMs.SetItem(broker, Math.Max(tickMs, _lastContactMs.GetValueOrDefault(broker, tickMs))));

    /// <summary>A broker is no member any more.</summary>
    public BrokerSessions Without(int broker) => new(_timeoutMs, _lastContactMs.Remove(broker));

    /// <summary>Time passed in which nobody could be heard: it is no broker's silence.</summary>
    public BrokerSessions Later(long ms, long tickMs) =>
        new(_timeoutMs, _lastContactMs.ToImmutableSortedDictionary(static contact => contact.Key, contact => Math.Min(contact.Value + ms, tickMs)));

    /// <summary>Whether a session's time has not passed since a broker was heard of.</summary>
    public bool IsAlive(int broker, long tickMs) => _lastContactMs.TryGetValue(broker, out var last) && tickMs < last + _timeoutMs;

    /// <summary>When the session of the first of these brokers ends; null where there are none.</summary>
    public long? FirstExpiryMs(IEnumerable<int> brokers)
    {
        long? first = null;
        foreach (var broker in brokers)
        {
            var expiry = _lastContactMs.GetValueOrDefault(broker) + _timeoutMs;
            first = first is null ? expiry : Math.Min(first.Value, expiry);
        }

        return first;
    }
}
