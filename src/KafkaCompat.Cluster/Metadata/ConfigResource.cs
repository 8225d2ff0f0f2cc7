using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>What a config belongs to. The broker without a name is the default of all brokers.</summary>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name)
{
    public static ConfigResource AllBrokers => new(ConfigResourceType.Broker, "");

    public static ConfigResource Topic(string name) => new(ConfigResourceType.Topic, name);
}
