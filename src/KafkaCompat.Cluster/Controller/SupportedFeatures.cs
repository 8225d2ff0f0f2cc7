using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The feature levels of Kafka 4.4 that are for production, in the order in which Kafka names them.</summary>
public static class SupportedFeatures
{
    public static ImmutableArray<FeatureRange> All { get; } =
    [
        new("group.version", 0, 1),
        new("kraft.version", 0, 1),
        new(MetadataImage.MetadataVersionFeature, Metadata.MetadataVersion.Lowest, Metadata.MetadataVersion.Highest),
        new("share.version", 0, 2),
        new("streams.version", 0, 1),
        new("transaction.version", 0, 2),
        new("eligible.leader.replicas.version", 0, 1),
    ];
}
