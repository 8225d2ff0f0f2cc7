namespace KafkaCompat.Cluster.Machines;

/// <summary>
/// Which partition of an internal topic holds what goes by a key: a group, a transactional id. Every Kafka client and broker must agree on it.
/// </summary>
public static class ShardPartition
{
    /// <summary>
    /// The absolute value of Java's <c>String.hashCode</c> of the key, modulo the number of partitions; 0 for the one hash that has no
    /// absolute value. It is not the hash without its sign bit, which sends a key with a negative hash elsewhere.
    /// </summary>
    public static int For(string key, int partitions)
    {
        var hash = JavaHash.HashCode(key);
        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }
}
