namespace KafkaCompat.Protocol.Configs;

/// <summary>How a setting can change while the node runs.</summary>
public enum ConfigDynamic
{
    ReadOnly,
    PerBroker,
    ClusterWide,

    /// <summary>Settings of topics, groups, client metrics and quotas change with their own resource.</summary>
    WithResource,
}
