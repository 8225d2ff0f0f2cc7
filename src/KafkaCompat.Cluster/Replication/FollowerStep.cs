using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Replication;

/// <summary>A fetch that a follower sends: for what is behind the end of its log, or in flush mode behind its durable end.</summary>
/// <param name="Token">The answer goes by it.</param>
/// <param name="LeaderEpoch">The epoch that it follows in.</param>
/// <param name="Offset">From where on.</param>
public readonly record struct FollowerAsk(long Token, int LeaderEpoch, long Offset);

/// <summary>A leader's answer with records, or with none. Batches that lie wholly before the end of the follower's log are left out.</summary>
/// <param name="FirstOffset">Where the first batch begins; -1 where there is none.</param>
/// <param name="NextOffset">The offset behind the last one.</param>
/// <param name="HighWatermark">The leader's.</param>
/// <param name="LogStartOffset">The leader's.</param>
public readonly record struct FetchedBatches(long FirstOffset, long NextOffset, long HighWatermark, long LogStartOffset);

/// <summary>
/// What a follower has to do with its log, in this order, and how it stands then: cut it, start it over, append, forget its start. Nothing has changed until
/// <see cref="FollowerReplica.Apply"/> is called, so that a step that a disk has failed is as if it had not been.
/// </summary>
public readonly record struct FollowerStep
{
    /// <summary>Why the answer cannot be used: its batches are none that this log can have next.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>Forget all from this offset on.</summary>
    public long? TruncateTo { get; init; }

    /// <summary>Forget all: the log is empty and begins here.</summary>
    public long? StartOverAt { get; init; }

    /// <summary>Whether records go from the end of the log.</summary>
    public bool IsCut => TruncateTo is not null || StartOverAt is not null;

    /// <summary>Whether to append the batches of the answer.</summary>
    public bool Appends { get; init; }

    /// <summary>Forget all before this offset, as the leader has.</summary>
    public long? AdvanceStartTo { get; init; }

    /// <summary>Where the log starts then.</summary>
    public long LogStartOffset { get; init; }

    /// <summary>Where it ends then.</summary>
    public long LogEndOffset { get; init; }

    /// <summary>The high watermark then.</summary>
    public long HighWatermark { get; init; }
}
