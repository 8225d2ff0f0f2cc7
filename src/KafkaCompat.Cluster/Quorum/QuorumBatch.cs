using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>One batch of the metadata log or of a snapshot, read: either metadata records or control records.</summary>
/// <param name="BaseOffset">The first record's offset.</param>
/// <param name="LastOffset">The last record's offset.</param>
/// <param name="Epoch">Of the leader that wrote it.</param>
/// <param name="TimestampMs">When it was appended.</param>
/// <param name="SizeInBytes">Of the batch.</param>
/// <param name="Records">Metadata records.</param>
/// <param name="Controls">Control records; those of unknown type are left out.</param>
public sealed record QuorumBatch(
    long BaseOffset, long LastOffset, int Epoch, long TimestampMs, int SizeInBytes, IReadOnlyList<VersionedRecord> Records, IReadOnlyList<IMessage> Controls);
