namespace KafkaCompat.Cluster.Groups;

/// <summary>Which partition of <c>__consumer_offsets</c> holds a group. Every Kafka client and broker must agree on it.</summary>
public static class GroupPartition
{
    /// <summary>
    /// The absolute value of Java's <c>String.hashCode</c> of the id, modulo the number of partitions; 0 for the one hash that has no
    /// absolute value. It is not the hash without its sign bit, which sends a group with a negative hash elsewhere.
    /// </summary>
    public static int For(string groupId, int partitions)
    {
        var hash = JavaText.HashCode(groupId);
        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }
}
