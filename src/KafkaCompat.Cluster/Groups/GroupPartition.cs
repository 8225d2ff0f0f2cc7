namespace KafkaCompat.Cluster.Groups;

/// <summary>Which partition of <c>__consumer_offsets</c> holds a group. Every Kafka client and broker must agree on it.</summary>
public static class GroupPartition
{
    /// <summary>Java's <c>String.hashCode</c> of the id, without its sign, modulo the number of partitions.</summary>
    public static int For(string groupId, int partitions)
    {
        var hash = 0;
        foreach (var unit in groupId)
            hash = unchecked((31 * hash) + unit);
        return (hash & int.MaxValue) % partitions;
    }
}
