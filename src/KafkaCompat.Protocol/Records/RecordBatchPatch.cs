using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using KafkaCompat.Protocol.Checksums;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Sets fields of a batch in the memory where it lies, which for a produced batch is the receive buffer. Each method takes one whole batch.
/// </summary>
/// <remarks>
/// The overloads for sequences write through <see cref="MemoryMarshal.AsMemory{T}(ReadOnlyMemory{T})"/>. That is safe because the only such sequences are
/// slices of a connection's receive buffer, which belongs to the request until its synchronous part ends; nobody else reads those bytes meanwhile.
/// </remarks>
public static class RecordBatchPatch
{
    public static void SetBaseOffset(Span<byte> batch, long baseOffset) => BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);

    public static void SetBaseOffset(in ReadOnlySequence<byte> batch, long baseOffset)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(field, baseOffset);
        Overwrite(batch, 0, field);
    }

    public static void SetPartitionLeaderEpoch(Span<byte> batch, int epoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.PartitionLeaderEpochPosition..], epoch);

    public static void SetPartitionLeaderEpoch(in ReadOnlySequence<byte> batch, int epoch)
    {
        Span<byte> field = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(field, epoch);
        Overwrite(batch, RecordBatchHeader.PartitionLeaderEpochPosition, field);
    }

    /// <summary>Sets timestamp type and largest timestamp, and the checksum that covers both. As in Kafka, bits without a meaning fall away.</summary>
    public static void SetMaxTimestamp(Span<byte> batch, TimestampType type, long maxTimestamp)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.AttributesPosition..],
            WithType(BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatchHeader.AttributesPosition..]), type));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampPosition..], maxTimestamp);
        SetCrc(batch);
    }

    public static void SetMaxTimestamp(in ReadOnlySequence<byte> batch, TimestampType type, long maxTimestamp)
    {
        Span<byte> field = stackalloc byte[8];
        batch.Slice(RecordBatchHeader.AttributesPosition, 2).CopyTo(field);
        BinaryPrimitives.WriteInt16BigEndian(field, WithType(BinaryPrimitives.ReadInt16BigEndian(field), type));
        Overwrite(batch, RecordBatchHeader.AttributesPosition, field[..2]);
        BinaryPrimitives.WriteInt64BigEndian(field, maxTimestamp);
        Overwrite(batch, RecordBatchHeader.MaxTimestampPosition, field);
        BinaryPrimitives.WriteUInt32BigEndian(field, Crc32C.Compute(batch.Slice(RecordBatchHeader.AttributesPosition)));
        Overwrite(batch, RecordBatchHeader.CrcPosition, field[..4]);
    }

    /// <summary>Makes the checksum that of the bytes as they are.</summary>
    public static void SetCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchHeader.CrcPosition..], Crc32C.Compute(batch[RecordBatchHeader.AttributesPosition..]));

    private static short WithType(short attributes, TimestampType type) => type == TimestampType.LogAppendTime
        ? (short)((attributes & BatchAttributes.Known) | BatchAttributes.LogAppendTime)
        : (short)(attributes & BatchAttributes.Known & ~BatchAttributes.LogAppendTime);

    private static void Overwrite(in ReadOnlySequence<byte> batch, int position, ReadOnlySpan<byte> field)
    {
        foreach (var segment in batch.Slice(position, field.Length))
        {
            field[..segment.Length].CopyTo(MemoryMarshal.AsMemory(segment).Span);
            field = field[segment.Length..];
        }
    }
}
