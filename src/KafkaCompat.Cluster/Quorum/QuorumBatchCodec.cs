using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// Batches of the metadata log as bytes. A metadata record is the value of a record without key, framed with its type and version; a control
/// record has its type as key.
/// </summary>
public static class QuorumBatchCodec
{
    /// <summary>The largest batch that Kafka writes. Nobody writes a larger one here either.</summary>
    public const int MaxBatchBytes = 8 * 1024 * 1024;

    /// <summary>The most that a compressed batch may hold.</summary>
    private const int MaxDecompressedBytes = 256 * 1024 * 1024;

    /// <summary>What a batch has around its records.</summary>
    private const int BatchOverheadBytes = 128;

    /// <summary>More than a record of a batch has around its value.</summary>
    private const int RecordOverheadBytes = 32;

    /// <summary>At least as many bytes as a batch of these records has.</summary>
    public static long SizeOf(IReadOnlyList<VersionedRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        long size = BatchOverheadBytes;
        foreach (var record in records)
        {
            size += SizeOf(record);
        }

        return size;
    }

    /// <summary>At least as many bytes as a record adds to its batch.</summary>
    public static int SizeOf(VersionedRecord record) => RecordSchemas.GetFramedSize(record.Message, record.Version) + RecordOverheadBytes;

    /// <summary>Appends a batch of metadata records.</summary>
    public static RecordBatchHeader Encode(IReadOnlyList<VersionedRecord> records, long baseOffset, int epoch, long timestampMs, PooledBuffer to)
    {
        ArgumentNullException.ThrowIfNull(records);
        using var batch = new RecordBatchBuilder { BaseOffset = baseOffset, PartitionLeaderEpoch = epoch };
        var value = new ArrayBufferWriter<byte>(256);
        foreach (var record in records)
        {
            value.ResetWrittenCount();
            var writer = new WireWriter(value);
            RecordSchemas.WriteFramed(ref writer, record.Message, record.Version);
            writer.Flush();
            batch.Append(timestampMs, NullableBytes.Null, new NullableBytes(value.WrittenSpan));
        }

        return batch.WriteTo(to);
    }

    /// <summary>Appends a batch of control records.</summary>
    public static RecordBatchHeader EncodeControl(IReadOnlyList<IMessage> controls, long baseOffset, int epoch, long timestampMs, PooledBuffer to)
    {
        ArgumentNullException.ThrowIfNull(controls);
        using var batch = new RecordBatchBuilder { BaseOffset = baseOffset, PartitionLeaderEpoch = epoch, IsControl = true };
        var value = new ArrayBufferWriter<byte>(256);
        Span<byte> key = stackalloc byte[4];
        foreach (var control in controls)
        {
            value.ResetWrittenCount();
            var writer = new WireWriter(value);
            control.Write(ref writer, 0);
            writer.Flush();
            BinaryPrimitives.WriteInt16BigEndian(key, 0);
            BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)TypeOf(control));
            batch.Append(timestampMs, new NullableBytes(key), new NullableBytes(value.WrittenSpan));
        }

        return batch.WriteTo(to);
    }

    /// <summary>Reads whole batches one after another. Bytes that are none throw <see cref="MetadataCorruptException"/>.</summary>
    public static List<QuorumBatch> Decode(ReadOnlyMemory<byte> bytes) => DecodeAll(bytes, withRecords: true);

    /// <summary>
    /// As <see cref="Decode(ReadOnlyMemory{byte})"/>, of which the batches of records are checked and have none: for whoever looks for control records.
    /// </summary>
    public static List<QuorumBatch> DecodeControls(ReadOnlyMemory<byte> bytes) => DecodeAll(bytes, withRecords: false);

    private static List<QuorumBatch> DecodeAll(ReadOnlyMemory<byte> bytes, bool withRecords)
    {
        var batches = new List<QuorumBatch>();
        var enumerator = RecordBatchEnumerator.Over(bytes);
        while (enumerator.MoveNext())
        {
            batches.Add(Decode(enumerator.Current, withRecords));
        }

        return enumerator.Fault == RecordFault.None ? batches : throw new MetadataCorruptException($"bytes that are not a batch ({enumerator.Fault})");
    }

    private static QuorumBatch Decode(in RecordBatchSlice slice, bool withRecords)
    {
        var header = slice.Header;
        if (!slice.IsSound())
        {
            throw new MetadataCorruptException($"a batch at offset {header.BaseOffset} whose checksum is not that of its bytes");
        }

        if (!header.IsControl && !withRecords)
        {
            return new QuorumBatch(header.BaseOffset, header.LastOffset, header.PartitionLeaderEpoch, header.MaxTimestamp, header.SizeInBytes, [], []);
        }

        var records = new List<VersionedRecord>(header.IsControl ? 0 : Math.Clamp(header.RecordCount, 0, 4096));
        var controls = new List<IMessage>();
        using var reader = new RecordBatchReader(slice, MaxDecompressedBytes);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            try
            {
                if (!header.IsControl)
                {
                    records.Add(ReadRecord(record.Value.ToArray(), record.Offset));
                }
                else if (ReadControl(record.Key.Span, record.Value.ToArray()) is { } control)
                {
                    controls.Add(control);
                }
            }
            catch (WireFormatException failure)
            {
                throw new MetadataCorruptException($"a record at offset {record.Offset} that cannot be read", failure);
            }
        }

        return reader.Fault == RecordFault.None
            ? new QuorumBatch(header.BaseOffset, header.LastOffset, header.PartitionLeaderEpoch, header.MaxTimestamp, header.SizeInBytes, records, controls)
            : throw new MetadataCorruptException($"a batch at offset {header.BaseOffset} that cannot be read ({reader.Fault})");
    }

    private static VersionedRecord ReadRecord(byte[]? value, long offset)
    {
        var reader = new WireReader(value ?? throw new MetadataCorruptException($"a record without a value at offset {offset}"));
        var message = RecordSchemas.ReadFramed(RecordFamily.Metadata, ref reader, out var type, out var version)
            ?? throw new MetadataCorruptException($"a record of the unknown type {type} at offset {offset}");
        return new VersionedRecord(message, version);
    }

    private static IMessage? ReadControl(ReadOnlySpan<byte> key, byte[]? value)
    {
        if (key.Length < 4 || value is null)
        {
            return null;
        }

        var reader = new WireReader(value);
        return (QuorumControlType)BinaryPrimitives.ReadInt16BigEndian(key[2..]) switch
        {
            // The version of the message is its own first field.
            QuorumControlType.LeaderChange => LeaderChangeMessage.Read(ref reader, Math.Min(VersionIn(value), LeaderChangeMessage.MaxVersion)),
            QuorumControlType.SnapshotHeader => SnapshotHeaderRecord.Read(ref reader, 0),
            QuorumControlType.SnapshotFooter => SnapshotFooterRecord.Read(ref reader, 0),
            QuorumControlType.KRaftVersion => KRaftVersionRecord.Read(ref reader, 0),
            QuorumControlType.KRaftVoters => VotersRecord.Read(ref reader, 0),
            _ => null,
        };
    }

    private static short VersionIn(byte[] value) => value.Length < 2 ? (short)0 : BinaryPrimitives.ReadInt16BigEndian(value);

    private static QuorumControlType TypeOf(IMessage control) => control switch
    {
        LeaderChangeMessage => QuorumControlType.LeaderChange,
        SnapshotHeaderRecord => QuorumControlType.SnapshotHeader,
        SnapshotFooterRecord => QuorumControlType.SnapshotFooter,
        KRaftVersionRecord => QuorumControlType.KRaftVersion,
        VotersRecord => QuorumControlType.KRaftVoters,
        _ => throw new ArgumentException($"{control.GetType().Name} is not a control record.", nameof(control)),
    };
}
