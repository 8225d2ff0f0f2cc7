using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Replicas that somebody names for a partition: what Kafka asks of such a list, and the partition that it makes.</summary>
internal static class ReplicaAssignment
{
    /// <summary>What is wrong with a list of replicas, in Kafka's words; null where nothing is. A replication factor of null may be any.</summary>
    public static string? Problem(MetadataImage image, IReadOnlyList<int> brokers, int? replicationFactor)
    {
        if (brokers.Count == 0)
        {
            return "The manual partition assignment includes an empty replica list.";
        }

        var seen = new HashSet<int>();
        foreach (var broker in brokers)
        {
            if (!image.Brokers.ContainsKey(broker))
            {
                return $"The manual partition assignment includes broker {broker}, but no such broker is registered.";
            }

            if (!seen.Add(broker))
            {
                return $"The manual partition assignment includes the broker {broker} more than once.";
            }
        }

        return replicationFactor is { } factor && brokers.Count != factor
            ? $"The manual partition assignment includes a partition with {brokers.Count} replica(s), but this is not consistent with previous partitions, "
            + $"which have {factor} replica(s)."
            : null;
    }

    /// <summary>As <see cref="Problem"/>, for a partition that has to have a leader at once.</summary>
    public static string? ProblemOfNew(MetadataImage image, int partition, IReadOnlyList<int> brokers, int? replicationFactor) =>
        Problem(image, brokers, replicationFactor)
        ?? (brokers.Any(b => image.Brokers[b].IsActive)
            ? null
            : $"All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown.");

    /// <summary>A new partition on registered brokers of which one at least is active: the first of those leads.</summary>
    public static PartitionRegistration NewPartition(MetadataImage image, IReadOnlyList<int> brokers)
    {
        var isr = brokers.Where(b => image.Brokers[b].IsActive).ToList();
        return new PartitionRegistration
        {
            Replicas = [.. brokers],
            Directories = [.. brokers.Select(b => DefaultDirectory(image, b))],
            Isr = [.. isr],
            Leader = isr[0],
            LeaderEpoch = 0,
            PartitionEpoch = 0,
        };
    }

    /// <summary>Where a broker will hold a replica that it is given: in its only directory, or in one that it has to choose.</summary>
    public static Uuid DefaultDirectory(MetadataImage image, int broker) => image.Brokers.GetValueOrDefault(broker)?.LogDirs switch
    {
        null or [] => DirectoryIds.Migrating,
        [var only] => only,
        _ => DirectoryIds.Unassigned,
    };
}
