using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Replication;

namespace KafkaCompat.Cluster.Tests.Replication;

internal sealed record IsrAnswered(int To, long ToLife, IsrChange Change, IsrAnswer Answer) : ReplicaMessage(0, To, 0, ToLife);

internal sealed record MetadataTold(int To, long ToLife, PartitionRegistration Registration) : ReplicaMessage(0, To, 0, ToLife);
