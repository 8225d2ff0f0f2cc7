using System.Buffers.Binary;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Keys and values of control records. A key is a version and a type. The value of a transaction's end is a version and the message; the
/// quorum's values are messages that hold their version themselves.
/// </summary>
public static class ControlRecords
{
    public const int KeySize = 4;

    /// <summary>The version that Kafka 4.4 writes of every key and value.</summary>
    public const short WrittenVersion = 0;

    /// <summary>The type in a control record's key. False where the key is too short; a type that nobody knows yet is still a type.</summary>
    public static bool TryReadType(NullableBytes key, out ControlRecordType type)
    {
        type = default;
        if (key.Length < KeySize || BinaryPrimitives.ReadInt16BigEndian(key.Span) < 0) return false;
        type = (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]);
        return true;
    }

    /// <summary>The message in a control record's value, and its version. False where the type is unknown or the bytes are no such message.</summary>
    public static bool TryReadValue(ControlRecordType type, NullableBytes value, out IMessage? message, out short version)
    {
        message = null;
        version = 0;
        if (value.Length < 2) return false;
        version = BinaryPrimitives.ReadInt16BigEndian(value.Span);
        var bytes = value.Span.ToArray();
        try
        {
            message = type switch
            {
                ControlRecordType.Abort or ControlRecordType.Commit => Read<EndTxnMarker>(bytes.AsMemory(2), version),
                ControlRecordType.LeaderChange => Read<LeaderChangeMessage>(bytes, version),
                ControlRecordType.SnapshotHeader => Read<SnapshotHeaderRecord>(bytes, version),
                ControlRecordType.SnapshotFooter => Read<SnapshotFooterRecord>(bytes, version),
                ControlRecordType.KRaftVersion => Read<KRaftVersionRecord>(bytes, version),
                ControlRecordType.KRaftVoters => Read<VotersRecord>(bytes, version),
                _ => null,
            };
        }
        catch (WireFormatException)
        {
            message = null;
        }
        return message is not null;
    }

    /// <summary>Appends a record of the quorum to a batch whose <see cref="RecordBatchBuilder.IsControl"/> is set.</summary>
    public static void Append(RecordBatchBuilder builder, long timestamp, ControlRecordType type, IMessage value) =>
        Append(builder, builder.Count, timestamp, type, value);

    /// <summary>The same under a given offset.</summary>
    public static void Append(RecordBatchBuilder builder, int offsetDelta, long timestamp, ControlRecordType type, IMessage value)
    {
        Span<byte> key = stackalloc byte[KeySize];
        BinaryPrimitives.WriteInt16BigEndian(key, WrittenVersion);
        BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)type);
        using var buffer = new PooledBuffer();
        var writer = new WireWriter(buffer);
        if (type is ControlRecordType.Abort or ControlRecordType.Commit) writer.WriteInt16(WrittenVersion);
        value.Write(ref writer, WrittenVersion);
        writer.Flush();
        builder.AppendAt(offsetDelta, timestamp, new NullableBytes(key), new NullableBytes(buffer.WrittenSpan));
    }

    /// <summary>The batch that ends a transaction in a partition: transactional, of its producer, without a sequence.</summary>
    public static byte[] EndTxnBatch(bool isCommit, long timestamp, long producerId, short producerEpoch, int coordinatorEpoch, long baseOffset = 0,
        int partitionLeaderEpoch = 0)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = baseOffset,
            PartitionLeaderEpoch = partitionLeaderEpoch,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            IsTransactional = true,
            IsControl = true,
        };
        Append(builder, timestamp, isCommit ? ControlRecordType.Commit : ControlRecordType.Abort, new EndTxnMarker { CoordinatorEpoch = coordinatorEpoch });
        return builder.ToArray();
    }

    private static T? Read<T>(ReadOnlyMemory<byte> bytes, short version)
        where T : class, IMessage<T>
    {
        // A marker of a later version is read as the latest we know: only fields were added, and those stand behind.
        var reader = new WireReader(bytes);
        return version < T.LowestVersion ? null : T.Read(ref reader, Math.Min(version, T.HighestVersion));
    }
}
