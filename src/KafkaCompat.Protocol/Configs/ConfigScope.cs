namespace KafkaCompat.Protocol.Configs;

/// <summary>What a setting belongs to, as <c>configs.spec</c> groups them.</summary>
public enum ConfigScope
{
    Broker,
    BrokerDynamicOnly,
    Topic,
    Group,
    ClientMetrics,
    User,
    UserClientQuota,
    IpQuota,
    RemoteLogMetadataManager,
}
