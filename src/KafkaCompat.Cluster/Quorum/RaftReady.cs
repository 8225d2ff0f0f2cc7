using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What must happen after steps, in this order: first make <see cref="Persist"/> durable, then send <see cref="Messages"/> and append
/// <see cref="NewEpoch"/>'s control batch, then apply what lies below <see cref="HighWatermark"/>.
/// </summary>
public sealed record RaftReady
{
    /// <summary>To be durable before anything else; null where it has not changed.</summary>
    public ElectionState? Persist { get; init; }

    public ImmutableArray<RaftEnvelope> Messages { get; init; } = [];

    /// <summary>This replica has been elected and must open its epoch in the log.</summary>
    public NewEpoch? NewEpoch { get; init; }

    /// <summary>All before it is committed; -1 while that is not known.</summary>
    public long HighWatermark { get; init; } = -1;
}

/// <summary>An epoch that this replica leads, and who gave it their votes.</summary>
public sealed record NewEpoch(int Epoch, ImmutableArray<ReplicaKey> GrantingVoters);
