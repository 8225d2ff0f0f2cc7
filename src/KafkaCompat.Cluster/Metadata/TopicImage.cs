using System.Collections.Immutable;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>A topic with its partitions by index.</summary>
public sealed record TopicImage(string Name, Uuid Id, ImmutableSortedDictionary<int, PartitionRegistration> Partitions);
