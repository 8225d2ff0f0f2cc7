using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What must happen after steps, in the order of its members: a vote is durable before it is answered, a log is cut before it is appended to. What takes time
/// comes with a later message, and nothing waits for it here.
/// </summary>
public sealed record RaftReady
{
    /// <summary>To be durable before anything else; null where it has not changed.</summary>
    public ElectionState? Persist { get; init; }

    /// <summary>The log is to be cut to this end.</summary>
    public long? TruncateTo { get; init; }

    /// <summary>What is to be appended; <see cref="LogAppended"/> and <see cref="LogSynced"/> follow.</summary>
    public RaftAppend? Append { get; init; }

    /// <summary>A snapshot is to be fetched from the leader and put in the log's place; <see cref="SnapshotInstalled"/> follows.</summary>
    public SnapshotId? Install { get; init; }

    /// <summary>What others are to be asked.</summary>
    public ImmutableArray<RaftRequest> Requests { get; init; } = [];

    /// <summary>What others are to be answered.</summary>
    public ImmutableArray<RaftReply> Replies { get; init; } = [];

    /// <summary>All before it is committed; -1 while that is not known.</summary>
    public long HighWatermark { get; init; } = -1;
}
