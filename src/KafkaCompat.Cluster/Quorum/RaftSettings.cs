namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// Who this replica is, and how patient: controller.quorum.election.timeout.ms, controller.quorum.fetch.timeout.ms, controller.quorum.retry.backoff.ms.
/// </summary>
public sealed record RaftSettings(ReplicaKey Self, long ElectionTimeoutMs = 1_000, long FetchTimeoutMs = 2_000, long RetryBackoffMs = 20);
