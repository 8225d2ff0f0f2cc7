namespace KafkaCompat.Broker.Partitions;

/// <summary>How a partition stands, and what has gone through it since it was opened.</summary>
/// <param name="IsLeader">Whether this node leads it.</param>
/// <param name="InSyncReplicas">The replicas that have all that is acknowledged; 0 where this node does not lead it, and so does not know.</param>
/// <param name="MinInSyncReplicas">As many acks=all needs (<c>min.insync.replicas</c>).</param>
/// <param name="BytesIn">Bytes of batches written, by clients and coordinators.</param>
/// <param name="RecordsIn">Records written.</param>
/// <param name="BytesOut">Bytes of batches read by clients.</param>
public readonly record struct PartitionStanding(bool IsLeader, int InSyncReplicas, int MinInSyncReplicas, long BytesIn, long RecordsIn, long BytesOut);
