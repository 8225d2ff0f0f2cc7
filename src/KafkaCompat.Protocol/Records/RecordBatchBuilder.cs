using System.Buffers;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Puts records together into one magic 2 batch. Header fields are set before <see cref="WriteTo"/>; records get the offsets base, base + 1 … unless
/// the caller names another. The buffer is pooled and kept over <see cref="Clear"/>.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly PooledBuffer _records = new();
    private long _firstTimestamp = RecordBatchHeader.NoTimestamp;
    private long _largestTimestamp = RecordBatchHeader.NoTimestamp;
    private int _lastOffsetDelta = -1;

    public long BaseOffset { get; set; }

    public int PartitionLeaderEpoch { get; set; } = RecordBatchHeader.NoPartitionLeaderEpoch;

    public CompressionType Codec { get; set; }

    /// <summary>In Kafka's scale of the codec; null is its default.</summary>
    public int? CompressionLevel { get; set; }

    public TimestampType TimestampType { get; set; }

    public long ProducerId { get; set; } = RecordBatchHeader.NoProducerId;

    public short ProducerEpoch { get; set; } = RecordBatchHeader.NoProducerEpoch;

    public int BaseSequence { get; set; } = RecordBatchHeader.NoSequence;

    public bool IsTransactional { get; set; }

    public bool IsControl { get; set; }

    /// <summary>When set it is the base timestamp too.</summary>
    public long? DeleteHorizonMs { get; set; }

    /// <summary>The first record's timestamp unless set; to be set before the first record.</summary>
    public long? BaseTimestamp { get; set; }

    /// <summary>The largest timestamp of the records unless set; with <see cref="TimestampType.LogAppendTime"/> it is the timestamp of every record.</summary>
    public long? MaxTimestamp { get; set; }

    /// <summary>The last record's unless set: a compacted batch keeps its last offset when the last record goes.</summary>
    public int? LastOffsetDelta { get; set; }

    public int Count { get; private set; }

    /// <summary>The batch's size before compression.</summary>
    public int UncompressedSize => RecordBatchHeader.Size + _records.WrittenCount;

    public long NextOffset => BaseOffset + _lastOffsetDelta + 1;

    public void Append(long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers = default) =>
        AppendAt(_lastOffsetDelta + 1, timestamp, key, value, headers);

    public void AppendAt(int offsetDelta, long timestamp, NullableBytes key, NullableBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        var delta = Track(offsetDelta, timestamp);
        var body = 1 + RecordVarint.Size(delta) + RecordVarint.Size(offsetDelta) + SizeOf(key) + SizeOf(value) + RecordVarint.Size(headers.Length);
        foreach (var header in headers) body += SizeOf(header.Key) + SizeOf(header.Value);
        var to = _records.GetSpan(RecordVarint.MaxBytes32 + body);
        var at = WriteStart(to, body, delta, offsetDelta);
        at += WriteBytes(to[at..], key);
        at += WriteBytes(to[at..], value);
        at += RecordVarint.Write(to[at..], headers.Length);
        foreach (var header in headers)
        {
            at += WriteBytes(to[at..], header.Key);
            at += WriteBytes(to[at..], header.Value);
        }
        _records.Advance(at);
    }

    /// <summary>
    /// Appends a record as it was read, with its headers, under another offset and timestamp. Its attributes, which mean nothing, are left behind.
    /// </summary>
    public void AppendAt(int offsetDelta, long timestamp, in RecordView record)
    {
        var delta = Track(offsetDelta, timestamp);
        var body = 1 + RecordVarint.Size(delta) + RecordVarint.Size(offsetDelta) + SizeOf(record.Key) + SizeOf(record.Value)
            + RecordVarint.Size(record.HeaderCount) + record.HeaderBytes.Length;
        var to = _records.GetSpan(RecordVarint.MaxBytes32 + body);
        var at = WriteStart(to, body, delta, offsetDelta);
        at += WriteBytes(to[at..], record.Key);
        at += WriteBytes(to[at..], record.Value);
        at += RecordVarint.Write(to[at..], record.HeaderCount);
        record.HeaderBytes.CopyTo(to[at..]);
        _records.Advance(at + record.HeaderBytes.Length);
    }

    /// <summary>Appends the batch to <paramref name="output"/> and returns its header.</summary>
    public RecordBatchHeader WriteTo(PooledBuffer output)
    {
        var start = output.WrittenCount;
        output.GetSpan(RecordBatchHeader.Size);
        output.Advance(RecordBatchHeader.Size);
        if (Codec == CompressionType.None)
        {
            output.Write(_records.WrittenSpan);
        }
        else
        {
            CompressionCodecs.Get(Codec)
                .Compress(new ReadOnlySequence<byte>(_records.WrittenMemory), output, CompressionLevel ?? CompressionCodecs.DefaultLevel(Codec));
        }

        var batch = output.WrittenForPatch[start..];
        var header = new RecordBatchHeader(
            BaseOffset, batch.Length - RecordBatchHeader.LogOverhead, PartitionLeaderEpoch, RecordBatchHeader.CurrentMagic, 0, Attributes(),
            LastOffsetDelta ?? _lastOffsetDelta, DeleteHorizonMs ?? BaseTimestamp ?? _firstTimestamp, MaxTimestamp ?? _largestTimestamp,
            ProducerId, ProducerEpoch, BaseSequence, Count);
        header.Write(batch);
        RecordBatchPatch.SetCrc(batch);
        _ = RecordBatchHeader.TryRead(batch, out header);
        return header;
    }

    public byte[] ToArray()
    {
        using var buffer = new PooledBuffer();
        WriteTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Forgets the records; the header fields that were set stay.</summary>
    public void Clear()
    {
        _records.Clear();
        _firstTimestamp = _largestTimestamp = RecordBatchHeader.NoTimestamp;
        _lastOffsetDelta = -1;
        Count = 0;
    }

    public void Dispose() => _records.Dispose();

    private short Attributes() => (short)((int)Codec
        | (TimestampType == TimestampType.LogAppendTime ? BatchAttributes.LogAppendTime : 0)
        | (IsTransactional ? BatchAttributes.Transactional : 0)
        | (IsControl ? BatchAttributes.Control : 0)
        | (DeleteHorizonMs is null ? 0 : BatchAttributes.DeleteHorizon));

    private long Track(int offsetDelta, long timestamp)
    {
        if (Count++ == 0) _firstTimestamp = timestamp;
        _largestTimestamp = Math.Max(_largestTimestamp, timestamp);
        _lastOffsetDelta = offsetDelta;
        return timestamp - (DeleteHorizonMs ?? BaseTimestamp ?? _firstTimestamp);
    }

    private static int WriteStart(Span<byte> to, int body, long timestampDelta, int offsetDelta)
    {
        var at = RecordVarint.Write(to, body);
        to[at++] = 0; // attributes
        at += RecordVarint.Write(to[at..], timestampDelta);
        return at + RecordVarint.Write(to[at..], offsetDelta);
    }

    private static int SizeOf(NullableBytes bytes) => RecordVarint.Size(bytes.IsNull ? -1 : bytes.Length) + bytes.Length;

    private static int WriteBytes(Span<byte> to, NullableBytes bytes)
    {
        var at = RecordVarint.Write(to, bytes.IsNull ? -1 : bytes.Length);
        bytes.Span.CopyTo(to[at..]);
        return at + bytes.Length;
    }
}
