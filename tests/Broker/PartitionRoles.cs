using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Tests;

/// <summary>What the metadata says of a partition whose only replica is broker 1's.</summary>
internal static class PartitionRoles
{
    /// <summary>Broker 1 leads.</summary>
    public static void Lead(this Partition partition, int epoch) => partition.Lead(leader: 1, epoch);

    /// <summary>A broker leads, or with -1 none.</summary>
    public static void Lead(this Partition partition, int leader, int epoch) => partition.Apply(
        new PartitionRegistration
        {
            Replicas = [1],
            Directories = [Uuid.Zero],
            Isr = [1],
            Leader = leader,
            LeaderEpoch = epoch,
            PartitionEpoch = epoch,
        },
        nodeId: 1);
}
