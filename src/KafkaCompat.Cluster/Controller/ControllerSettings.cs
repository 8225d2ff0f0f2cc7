using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The settings of a controller.</summary>
public sealed record ControllerSettings
{
    /// <summary>Partitions that one request may create.</summary>
    public const int MaxPartitionsPerRequest = 10_000;

    public required int NodeId { get; init; }

    public required string ClusterId { get; init; }

    /// <summary>Of this process.</summary>
    public required Uuid IncarnationId { get; init; }

    /// <summary>Where this controller is reached.</summary>
    public required ImmutableArray<Endpoint> Endpoints { get; init; }

    public ImmutableArray<FeatureRange> Features { get; init; } = SupportedFeatures.All;

    /// <summary>The level of kraft.version, which lives in the quorum and not in the metadata.</summary>
    public short KRaftVersion { get; init; } = 1;

    /// <summary>What an empty log begins with: the feature levels that the directory was formatted with.</summary>
    public required IReadOnlyList<VersionedRecord> BootstrapRecords { get; init; }

    public required ITopicConfigRules TopicConfigs { get; init; }

    public required IResourceConfigRules ResourceConfigs { get; init; }

    /// <summary>num.partitions.</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>default.replication.factor.</summary>
    public short DefaultReplicationFactor { get; init; } = 1;

    /// <summary>min.insync.replicas of the node's file.</summary>
    public int MinInSyncReplicas { get; init; } = 1;

    /// <summary>unclean.leader.election.enable of the node's file.</summary>
    public bool IsUncleanElectionEnabled { get; init; }

    /// <summary>delete.topic.enable.</summary>
    public bool IsTopicDeletionEnabled { get; init; } = true;

    /// <summary>broker.session.timeout.ms.</summary>
    public long SessionTimeoutMs { get; init; } = 9_000;

    /// <summary>controller.quota.window.num.</summary>
    public int QuotaWindows { get; init; } = 11;

    /// <summary>controller.quota.window.size.seconds.</summary>
    public long QuotaWindowMs { get; init; } = 1_000;

    /// <summary>metadata.max.idle.interval.ms; 0: no NoOpRecords.</summary>
    public long MaxIdleIntervalMs { get; init; } = 500;
}
