using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// The 61 bytes before the records of a magic 2 batch. Reading it checks nothing but that the bytes are there: the same fields stand at the
/// same places in good and bad batches, and whoever reads one from a client asks <see cref="ProduceBatchValidator"/>.
/// </summary>
/// <remarks>
/// The checksum covers everything from the attributes on. Base offset and leader epoch stand before it, so a broker may set both without
/// a new checksum.
/// </remarks>
public readonly record struct RecordBatchHeader(
    long BaseOffset,
    int BatchLength,
    int PartitionLeaderEpoch,
    sbyte Magic,
    uint Crc,
    short Attributes,
    int LastOffsetDelta,
    long BaseTimestamp,
    long MaxTimestamp,
    long ProducerId,
    short ProducerEpoch,
    int BaseSequence,
    int RecordCount)
{
    public const int Size = 61;

    /// <summary>Base offset and length, which the length does not count. They stand first in every magic.</summary>
    public const int LogOverhead = 12;

    /// <summary>No length can be smaller, whatever the magic: this is the header of a magic 0 message.</summary>
    public const int MinBatchLength = 14;

    public const sbyte CurrentMagic = 2;
    public const long NoTimestamp = -1;
    public const long NoProducerId = -1;
    public const short NoProducerEpoch = -1;
    public const int NoSequence = -1;
    public const int NoPartitionLeaderEpoch = -1;

    public const int BatchLengthPosition = 8;
    public const int PartitionLeaderEpochPosition = 12;
    public const int MagicPosition = 16;
    public const int CrcPosition = 17;

    /// <summary>Here the checksum's range starts.</summary>
    public const int AttributesPosition = 21;
    public const int LastOffsetDeltaPosition = 23;
    public const int BaseTimestampPosition = 27;
    public const int MaxTimestampPosition = 35;
    public const int ProducerIdPosition = 43;
    public const int ProducerEpochPosition = 51;
    public const int BaseSequencePosition = 53;
    public const int RecordCountPosition = 57;

    public long LastOffset => BaseOffset + LastOffsetDelta;

    public long NextOffset => LastOffset + 1;

    public int SizeInBytes => BatchLength + LogOverhead;

    public CompressionType Codec => (CompressionType)(Attributes & BatchAttributes.CodecMask);

    public TimestampType TimestampType => (Attributes & BatchAttributes.LogAppendTime) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    public bool IsTransactional => (Attributes & BatchAttributes.Transactional) != 0;

    public bool IsControl => (Attributes & BatchAttributes.Control) != 0;

    /// <summary><see cref="BaseTimestamp"/> is then the time from which tombstones may go, and still what the records' deltas add to.</summary>
    public bool HasDeleteHorizon => (Attributes & BatchAttributes.DeleteHorizon) != 0;

    public bool HasProducerId => ProducerId > NoProducerId;

    /// <summary>A message of magic 0 or 1 that wraps others: where its offsets begin is not known.</summary>
    public bool IsLegacyWrapper => Magic is 0 or 1 && Codec != CompressionType.None;

    /// <summary>Sequence numbers wrap from the largest int to 0.</summary>
    public int LastSequence => BaseSequence == NoSequence ? NoSequence : AddSequence(BaseSequence, LastOffsetDelta);

    public static int AddSequence(int sequence, int increment) =>
        sequence > int.MaxValue - increment ? increment - (int.MaxValue - sequence) - 1 : sequence + increment;

    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatchHeader header)
    {
        if (bytes.Length < Size)
        {
            header = default;
            return false;
        }
        header = new RecordBatchHeader(
            BinaryPrimitives.ReadInt64BigEndian(bytes),
            BinaryPrimitives.ReadInt32BigEndian(bytes[BatchLengthPosition..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[PartitionLeaderEpochPosition..]),
            (sbyte)bytes[MagicPosition],
            BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcPosition..]),
            BinaryPrimitives.ReadInt16BigEndian(bytes[AttributesPosition..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[LastOffsetDeltaPosition..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[BaseTimestampPosition..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[MaxTimestampPosition..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerIdPosition..]),
            BinaryPrimitives.ReadInt16BigEndian(bytes[ProducerEpochPosition..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[BaseSequencePosition..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[RecordCountPosition..]));
        return true;
    }

    public static bool TryRead(in ReadOnlySequence<byte> bytes, out RecordBatchHeader header)
    {
        if (bytes.FirstSpan.Length >= Size) return TryRead(bytes.FirstSpan, out header);
        if (bytes.Length < Size)
        {
            header = default;
            return false;
        }
        Span<byte> copy = stackalloc byte[Size];
        bytes.Slice(0, Size).CopyTo(copy);
        return TryRead(copy, out header);
    }

    /// <summary>The attributes alone (<see cref="BatchAttributes"/>), where the bytes hold a whole header.</summary>
    public static bool TryReadAttributes(in ReadOnlySequence<byte> bytes, out short attributes)
    {
        attributes = 0;
        if (bytes.Length < Size) return false;
        Span<byte> copy = stackalloc byte[sizeof(short)];
        bytes.Slice(AttributesPosition, sizeof(short)).CopyTo(copy);
        attributes = BinaryPrimitives.ReadInt16BigEndian(copy);
        return true;
    }

    /// <summary>Writes all fields as they are, the checksum too; <see cref="RecordBatchPatch.SetCrc(Span{byte})"/> makes it right.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, BaseOffset);
        BinaryPrimitives.WriteInt32BigEndian(bytes[BatchLengthPosition..], BatchLength);
        BinaryPrimitives.WriteInt32BigEndian(bytes[PartitionLeaderEpochPosition..], PartitionLeaderEpoch);
        bytes[MagicPosition] = (byte)Magic;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[CrcPosition..], Crc);
        BinaryPrimitives.WriteInt16BigEndian(bytes[AttributesPosition..], Attributes);
        BinaryPrimitives.WriteInt32BigEndian(bytes[LastOffsetDeltaPosition..], LastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(bytes[BaseTimestampPosition..], BaseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes[MaxTimestampPosition..], MaxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes[ProducerIdPosition..], ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(bytes[ProducerEpochPosition..], ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(bytes[BaseSequencePosition..], BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(bytes[RecordCountPosition..], RecordCount);
    }
}
