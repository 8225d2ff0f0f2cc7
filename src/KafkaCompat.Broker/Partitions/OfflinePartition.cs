using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>A partition that the metadata places on this node and that is not served.</summary>
/// <param name="TopicId">The topic that it is of.</param>
/// <param name="Cause">What all partitions have in common that the same failure took away.</param>
/// <param name="Reason">What failed, for people.</param>
public sealed record OfflinePartition(Uuid TopicId, string Cause, string Reason);
