using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>The settings of the quorum's loop.</summary>
public sealed record QuorumSettings
{
    public required RaftSettings Raft { get; init; }

    /// <summary>The voters of controller.quorum.voters, which count as long as kraft.version is 0.</summary>
    public VoterSet StaticVoters { get; init; } = VoterSet.Empty;

    /// <summary>Where this voter is reached, as the voters of a dynamic quorum have to know it.</summary>
    public ImmutableArray<Endpoint> Endpoints { get; init; } = [];

    /// <summary>metadata.max.retention.bytes.</summary>
    public long MaxRetentionBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>metadata.max.retention.ms.</summary>
    public long MaxRetentionMs { get; init; } = 7L * 24 * 3600 * 1000;
}
