using System.Collections.Immutable;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>The features of Kafka 4.4 with the levels that are for production, in the order in which Kafka names them to clients.</summary>
public static class SupportedFeatures
{
    public static ImmutableArray<FeatureRange> All { get; } =
    [
        Range(FeatureNames.GroupVersion),
        Range(FeatureNames.KraftVersion),
        Range(FeatureNames.MetadataVersion),
        Range(FeatureNames.ShareVersion),
        Range(FeatureNames.StreamsVersion),
        Range(FeatureNames.TransactionVersion),
        Range(FeatureNames.EligibleLeaderReplicasVersion),
    ];

    private static FeatureRange Range(string name)
    {
        var feature = FeatureCatalog.Feature(name);
        return new(name, feature.Lowest, feature.HighestProduction);
    }
}
