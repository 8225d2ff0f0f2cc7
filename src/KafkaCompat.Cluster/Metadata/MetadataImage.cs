using System.Collections.Immutable;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>How far into the metadata log an image reaches: the last offset and its epoch, and when that record was appended.</summary>
public readonly record struct MetadataProvenance(long Offset, int Epoch, long TimestampMs)
{
    public static MetadataProvenance None => new(-1, -1, -1);
}

/// <summary>
/// All that the metadata log says up to one offset. Immutable: readers keep the image they began with. A <see cref="MetadataDelta"/> makes the next one.
/// </summary>
public sealed record MetadataImage
{
    public static MetadataImage Empty { get; } = new();

    public MetadataProvenance Provenance { get; init; } = MetadataProvenance.None;

    /// <summary>Finalized levels by name, metadata.version among them; a level of 0 is absent. kraft.version lives in the quorum.</summary>
    public ImmutableSortedDictionary<string, short> Features { get; init; } = ImmutableSortedDictionary.Create<string, short>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<int, BrokerRegistration> Brokers { get; init; } = ImmutableSortedDictionary<int, BrokerRegistration>.Empty;

    public ImmutableSortedDictionary<int, ControllerRegistration> Controllers { get; init; } = ImmutableSortedDictionary<int, ControllerRegistration>.Empty;

    public ImmutableSortedDictionary<string, TopicImage> Topics { get; init; } = ImmutableSortedDictionary.Create<string, TopicImage>(StringComparer.Ordinal);

    public ImmutableDictionary<Uuid, TopicImage> TopicsById { get; init; } = ImmutableDictionary<Uuid, TopicImage>.Empty;

    public ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>> Configs { get; init; } =
        ImmutableDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Empty;

    public ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>> ClientQuotas { get; init; } =
        ImmutableDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>.Empty;

    /// <summary>The first producer id of the next block; -1 before any was given out.</summary>
    public long NextProducerId { get; init; } = -1;

    public ImmutableDictionary<Uuid, AccessControlEntryRecord> Acls { get; init; } = ImmutableDictionary<Uuid, AccessControlEntryRecord>.Empty;

    /// <summary>By mechanism (1 SCRAM-SHA-256, 2 SCRAM-SHA-512) and user.</summary>
    public ImmutableDictionary<(sbyte Mechanism, string User), UserScramCredentialRecord> ScramCredentials { get; init; } =
        ImmutableDictionary<(sbyte, string), UserScramCredentialRecord>.Empty;

    public ImmutableSortedDictionary<string, DelegationTokenRecord> DelegationTokens { get; init; } =
        ImmutableSortedDictionary.Create<string, DelegationTokenRecord>(StringComparer.Ordinal);

    /// <summary>The level of metadata.version; 0 before the log has said it.</summary>
    public short MetadataLevel => Features.GetValueOrDefault(FeatureNames.MetadataVersion);

    /// <summary>What that level switches on. Records are written in the versions that it knows.</summary>
    public MetadataVersionInfo MetadataVersion => FeatureCatalog.MetadataVersion(MetadataLevel);

    public bool IsElrEnabled => Features.GetValueOrDefault(FeatureNames.EligibleLeaderReplicasVersion) >= 1;

    public TopicImage? FindTopic(string name) => Topics.GetValueOrDefault(name);

    public TopicImage? FindTopic(Uuid id) => TopicsById.GetValueOrDefault(id);

    public PartitionRegistration? FindPartition(Uuid topic, int partition) => FindTopic(topic)?.Partitions.GetValueOrDefault(partition);

    public PartitionRegistration? FindPartition(string topic, int partition) => FindTopic(topic)?.Partitions.GetValueOrDefault(partition);

    /// <summary>The partitions of which a node has a replica, whoever leads them.</summary>
    public IEnumerable<(TopicImage Topic, int Partition, PartitionRegistration Registration)> ReplicasOf(int node) =>
        from topic in Topics.Values
        from partition in topic.Partitions
        where partition.Value.Replicas.Contains(node)
        select (topic, partition.Key, partition.Value);

    /// <summary>What was set for a resource; empty where nothing was.</summary>
    public ImmutableSortedDictionary<string, string> ConfigsOf(ConfigResource resource) => Configs.GetValueOrDefault(resource) ?? NoConfigs;

    private static ImmutableSortedDictionary<string, string> NoConfigs { get; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
