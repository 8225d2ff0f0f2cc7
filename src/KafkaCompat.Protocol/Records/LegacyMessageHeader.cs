using System.Buffers.Binary;
using KafkaCompat.Protocol.Checksums;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// What a message of magic 0 or 1 says before its key, in the fields of a batch of one record. Its offset is its last one: how many
/// messages a compressed one wraps is known when it is decompressed and not before.
/// </summary>
public static class LegacyMessageHeader
{
    /// <summary>The checksum's range, which is a CRC-32, starts with the magic.</summary>
    private const int CheckedFrom = RecordBatchHeader.MagicPosition;

    private const int CrcPosition = 12;
    private const int AttributesPosition = 17;
    private const int TimestampPosition = 18;

    /// <summary>The length of a message of magic 1 without key and value; magic 0 has <see cref="RecordBatchHeader.MinBatchLength"/>.</summary>
    private const int MinLengthWithTimestamp = RecordBatchHeader.MinBatchLength + sizeof(long);

    /// <summary>Reads the fields; false where the bytes are of another magic or too few for this one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatchHeader header)
    {
        header = default;
        if (bytes.Length <= AttributesPosition) return false;
        var magic = (sbyte)bytes[RecordBatchHeader.MagicPosition];
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthPosition..]);
        var hasTimestamp = magic == 1;
        if (magic is not (0 or 1) || length < (hasTimestamp ? MinLengthWithTimestamp : RecordBatchHeader.MinBatchLength)) return false;
        if (hasTimestamp && bytes.Length < TimestampPosition + sizeof(long)) return false;
        var timestamp = hasTimestamp ? BinaryPrimitives.ReadInt64BigEndian(bytes[TimestampPosition..]) : RecordBatchHeader.NoTimestamp;
        header = new RecordBatchHeader(
            BinaryPrimitives.ReadInt64BigEndian(bytes),
            length,
            RecordBatchHeader.NoPartitionLeaderEpoch,
            magic,
            BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcPosition..]),
            (short)(bytes[AttributesPosition] & (BatchAttributes.CodecMask | (hasTimestamp ? BatchAttributes.LogAppendTime : 0))),
            0,
            timestamp,
            timestamp,
            RecordBatchHeader.NoProducerId,
            RecordBatchHeader.NoProducerEpoch,
            RecordBatchHeader.NoSequence,
            1);
        return true;
    }

    /// <summary>Whether the checksum of a whole message is that of its bytes.</summary>
    public static bool IsSound(ReadOnlySpan<byte> message) =>
        message.Length > CheckedFrom && Crc32.Compute(message[CheckedFrom..]) == BinaryPrimitives.ReadUInt32BigEndian(message[CrcPosition..]);
}
