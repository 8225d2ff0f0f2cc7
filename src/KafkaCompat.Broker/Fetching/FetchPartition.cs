using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Fetching;

/// <summary>A partition that a fetch asks for. In a session it lives on from fetch to fetch and remembers what was sent to the client.</summary>
internal sealed class FetchPartition(Uuid topicId, string? topic, int index)
{
    public Uuid TopicId { get; } = topicId;

    /// <summary>Null while nobody knows a topic of this id; looked up again with each fetch.</summary>
    public string? Topic { get; set; } = topic;

    public int Index { get; } = index;

    public long FetchOffset { get; set; }

    public int MaxBytes { get; set; }

    public int CurrentLeaderEpoch { get; set; } = -1;

    public int LastFetchedEpoch { get; set; } = -1;

    /// <summary>What the last answer said; -1 before the first.</summary>
    public long SentHighWatermark { get; set; } = -1;

    public long SentLogStartOffset { get; set; } = -1;
}
