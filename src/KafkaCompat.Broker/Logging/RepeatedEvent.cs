namespace KafkaCompat.Broker.Logging;

/// <summary>Has what happens again and again logged once in <see cref="EveryMs"/>, with how often it has happened.</summary>
public sealed class RepeatedEvent(TimeProvider time)
{
    /// <summary>How often it is logged at most.</summary>
    public const int EveryMs = 60_000;

    private readonly Lock _lock = new();
    private long _count;
    private long? _loggedAt;

    /// <summary>It has happened, <paramref name="count"/> times in all. True where it is to be logged now.</summary>
    public bool Happened(out long count)
    {
        lock (_lock)
        {
            count = ++_count;
            if (_loggedAt is { } last && time.GetElapsedTime(last).TotalMilliseconds < EveryMs) return false;
            _loggedAt = time.GetTimestamp();
            return true;
        }
    }
}
