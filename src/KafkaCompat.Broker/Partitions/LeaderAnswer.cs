using System.Buffers;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>What a follower asks its leader for.</summary>
/// <param name="Ask">From where on; the answer goes by it.</param>
/// <param name="LastFetchedEpoch">The epoch of the last record before that; -1 where there is none here.</param>
/// <param name="LogStartOffset">Where the follower's log starts.</param>
internal readonly record struct LeaderFetch(FollowerAsk Ask, int LastFetchedEpoch, long LogStartOffset);

/// <summary>A leader's answer to that: records and how far they are committed, or that the logs differ, or that the offset is not in its log.</summary>
internal readonly record struct LeaderAnswer
{
    /// <summary>As they came; the last batch may be cut.</summary>
    public ReadOnlySequence<byte> Records { get; init; }

    /// <summary>The leader's.</summary>
    public long HighWatermark { get; init; }

    /// <summary>The leader's.</summary>
    public long LogStartOffset { get; init; }

    /// <summary>The largest epoch of the leader's that is not above the last one here, and where that ends there; null where the logs do not differ.</summary>
    public EpochEnd? Diverging { get; init; }

    /// <summary>Whether the offset is before the leader's log or behind it.</summary>
    public bool IsOutOfRange { get; init; }

    /// <summary>The leader's; sent if the offset is out of range.</summary>
    public long LogEndOffset { get; init; }
}

/// <summary>What an answer has done to a follower's log.</summary>
/// <param name="Error">Why it could not be used.</param>
/// <param name="WrittenBytes">How many bytes came.</param>
internal readonly record struct FollowerChange(ErrorCode Error, long WrittenBytes);
