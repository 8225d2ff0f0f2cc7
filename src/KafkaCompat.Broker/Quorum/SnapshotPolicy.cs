namespace KafkaCompat.Broker.Quorum;

/// <summary>When a snapshot is due: metadata.log.max.record.bytes.between.snapshots, and metadata.log.max.snapshot.interval.ms (0: never by time).</summary>
public sealed record SnapshotPolicy(long MaxBytes = 20 * 1024 * 1024, long MaxIntervalMs = 3_600_000);
