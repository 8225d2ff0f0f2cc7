using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Groups;

/// <summary>The partition that an offset is committed for. Offsets are kept by topic name, as in the log's keys.</summary>
public readonly record struct OffsetPosition(string Topic, int Partition);

/// <summary>An offset as a group committed it.</summary>
/// <param name="Offset">The next offset to consume.</param>
/// <param name="LeaderEpoch">Of the last consumed record, or -1.</param>
/// <param name="Metadata">The client's own words; never null once stored.</param>
/// <param name="CommitTimestamp">Milliseconds since the epoch.</param>
/// <param name="ExpireTimestamp">Only of clients that still send a retention time.</param>
/// <param name="TopicId">The topic's id when the offset was committed, or zero.</param>
/// <param name="RecordOffset">Where the log holds it: a transaction's offset must not replace one that was written after it.</param>
public sealed record CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, long CommitTimestamp, long? ExpireTimestamp, Uuid TopicId, long RecordOffset);
