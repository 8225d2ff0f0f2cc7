using KafkaCompat.Cluster.Replication;

namespace KafkaCompat.Broker.Partitions;

/// <summary>What this replica is to its partition: <see cref="Leading"/> or <see cref="Following"/>. Whoever calls holds the partition's lock.</summary>
internal abstract class PartitionRole(Leadership leadership)
{
    /// <summary>Who leads, here or elsewhere.</summary>
    public Leadership Leadership { get; } = leadership;

    /// <summary>Every replica in sync has all before it, as far as this one knows.</summary>
    public abstract long HighWatermark { get; }
}

/// <summary>Another replica leads, or none, or this one is closed. Nothing is written here, and the high watermark is what is known of it.</summary>
internal sealed class Following(Leadership leadership, FollowerReplica replica) : PartitionRole(leadership)
{
    public override long HighWatermark => replica.HighWatermark;
}
