namespace KafkaCompat.Broker.Partitions;

/// <summary>Topics that belong to the brokers. Metadata marks them; clients may read but not write them.</summary>
public static class InternalTopics
{
    public const string Offsets = "__consumer_offsets";
    public const string Transactions = "__transaction_state";
    public const string ShareGroups = "__share_group_state";

    public static bool Contains(string topic) => topic is Offsets or Transactions or ShareGroups;
}
