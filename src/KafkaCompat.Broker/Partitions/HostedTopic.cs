using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>A topic of an image, for whoever opens its partitions one after another: they share what its settings are made into.</summary>
internal sealed class HostedTopic(BrokerMetadata metadata, MetadataImage image, string name, Uuid id)
{
    private TopicConfig? _config;

    public string Name => name;

    public Uuid Id => id;

    /// <summary>The image that it is of.</summary>
    public MetadataImage Image => image;

    /// <summary>Its settings, made by the first one that asks.</summary>
    public TopicConfig Config => _config ??= metadata.TopicConfigOf(image, name);
}
