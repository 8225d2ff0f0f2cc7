namespace KafkaCompat.Protocol.Names;

/// <summary>Topics that belong to the nodes. Metadata marks those that brokers keep; clients may read but not write them.</summary>
public static class InternalTopics
{
    /// <summary>What groups commit, and how their members stand.</summary>
    public const string Offsets = "__consumer_offsets";

    /// <summary>The transactions of producers.</summary>
    public const string Transactions = "__transaction_state";

    /// <summary>What share groups have taken.</summary>
    public const string ShareGroups = "__share_group_state";

    /// <summary>The metadata log. No topic of the metadata may have its name.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Whether brokers keep the topic for themselves.</summary>
    public static bool Contains(string topic) => topic is Offsets or Transactions or ShareGroups;
}
