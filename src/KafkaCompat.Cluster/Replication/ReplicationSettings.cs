namespace KafkaCompat.Cluster.Replication;

/// <summary>What a leader's rules for its followers depend on.</summary>
/// <param name="MinInSyncReplicas">How many replicas in sync acks=all needs (<c>min.insync.replicas</c>). A partition that has fewer replicas needs
/// them all.</param>
/// <param name="MaxLagMs">For how long a member of the ISR may lag (<c>replica.lag.time.max.ms</c>).</param>
public readonly record struct ReplicationSettings(int MinInSyncReplicas, long MaxLagMs);
