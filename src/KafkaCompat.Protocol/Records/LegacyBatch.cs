using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>One message of magic 0 or 1.</summary>
public readonly record struct LegacyMessage(long Offset, long Timestamp, ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value);

/// <summary>
/// What magic 0 and 1 have for a batch: one plain message, or a compressed one whose value is a set of messages.
/// </summary>
public sealed record LegacyBatch(
    long BaseOffset, long LastOffset, int SizeInBytes, sbyte Magic, uint Crc, bool IsCrcValid, sbyte Attributes, long MaxTimestamp,
    IReadOnlyList<LegacyMessage> Messages)
{
    public CompressionType Codec => (CompressionType)(Attributes & BatchAttributes.CodecMask);

    public TimestampType TimestampType => Magic == 0 ? TimestampType.None
        : (Attributes & BatchAttributes.LogAppendTime) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;
}
