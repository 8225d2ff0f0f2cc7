namespace KafkaCompat.Cluster.Quorum;

/// <summary>Who this replica is, and how patient: controller.quorum.election.timeout.ms and controller.quorum.fetch.timeout.ms.</summary>
public sealed record RaftSettings(ReplicaKey Self, long ElectionTimeoutMs = 1_000, long FetchTimeoutMs = 2_000);
