using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Cluster.Groups;

/// <summary>The settings of the coordinator that decide what a group may do. Defaults are Kafka's.</summary>
public sealed record GroupSettings
{
    /// <summary>How long the first rebalance of an empty group waits for more members: <c>group.initial.rebalance.delay.ms</c>.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary><c>group.min.session.timeout.ms</c>.</summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c>.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary><c>group.max.size</c>.</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary><c>offset.metadata.max.bytes</c>; Kafka counts UTF-16 units, and so do we.</summary>
    public int OffsetMetadataMaxLength { get; init; } = 4_096;

    /// <summary><c>group.consumer.session.timeout.ms</c>.</summary>
    public int ConsumerSessionTimeoutMs { get; init; } = 45_000;

    /// <summary>How long a reply waits for its records to be committed before the asker is sent away: <c>offsets.commit.timeout.ms</c>.</summary>
    public int OffsetsCommitTimeoutMs { get; init; } = 5_000;

    /// <summary>What batches of <c>__consumer_offsets</c> are compressed with: <c>offsets.topic.compression.codec</c>.</summary>
    public CompressionType OffsetsCodec { get; init; }

    /// <summary><c>offsets.retention.minutes</c> in milliseconds.</summary>
    public long OffsetsRetentionMs { get; init; } = 10_080L * 60_000;

    /// <summary><c>offsets.retention.check.interval.ms</c>.</summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;

    /// <summary>
    /// Member ids that a group has given out and that nobody has come back with. Kafka keeps any number until their session is over; <c>group.max.size</c>
    /// does not count them.
    /// </summary>
    public const int MaxPendingJoins = 10_000;

    /// <summary>
    /// How long a member that waits for its first rebalance is kept without a sign of life: it cannot send heartbeats before it
    /// knows its member id. Kafka has no setting for it.
    /// </summary>
    public const int NewMemberJoinTimeoutMs = 300_000;
}
