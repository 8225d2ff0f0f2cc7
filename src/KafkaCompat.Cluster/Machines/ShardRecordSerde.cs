using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Cluster.Machines;

/// <summary>Between a shard and the batches of its partition: decisions become a batch, batches become the shard's state.</summary>
public static class ShardRecordSerde
{
    /// <summary>A log of our own making holds no larger batch; one from elsewhere may not make us allocate without end.</summary>
    private const int MaxDecompressedBytes = 64 * 1024 * 1024;

    /// <summary>
    /// Applies whole batches, control batches as the markers they are; one that is cut behind them is left out. Returns the offset after the last one, -1 where
    /// there was none. It stops before a batch whose checksum is wrong: what the disk has changed would pass for what was decided. Records of a sound batch
    /// that nobody can read are passed over and counted: what is lost to them is better lost than all that the partition holds.
    /// </summary>
    public static long Apply<TShard>(TShard shard, in ReadOnlySequence<byte> batches, ref long unreadable)
        where TShard : IShard
    {
        var next = -1L;
        foreach (var batch in RecordBatchEnumerator.Over(batches))
        {
            if (!batch.IsSound())
                return next;
            next = batch.Header.NextOffset;
            if (batch.Header.IsControl)
                ApplyControl(shard, batch);
            else
                ApplyRecords(shard, batch, ref unreadable);
        }
        return next;
    }

    /// <summary>One batch with the decision's records, all of one timestamp; offsets are the log's to give.</summary>
    public static byte[] ToBatch(IReadOnlyList<ShardRecord> records, long timestampMs, CompressionType codec = CompressionType.None)
    {
        // Kafka's coordinators write a base sequence of zero without a producer id; so do we.
        using var builder = new RecordBatchBuilder { BaseSequence = 0, Codec = codec };
        var key = new ArrayBufferWriter<byte>();
        var value = new ArrayBufferWriter<byte>();
        foreach (var record in records)
        {
            key.ResetWrittenCount();
            WriteKey(record, key);
            if (record.Value is null)
            {
                builder.Append(timestampMs, key.WrittenSpan, NullableBytes.Null);
                continue;
            }
            value.ResetWrittenCount();
            WriteValue(record, value);
            builder.Append(timestampMs, key.WrittenSpan, value.WrittenSpan);
        }
        return builder.ToArray();
    }

    /// <summary>Writes the key.</summary>
    public static void WriteKey(in ShardRecord record, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(output);
        writer.WriteInt16(record.KeyType);
        record.Key.Write(ref writer, 0);
        writer.Flush();
    }

    /// <summary>Writes the value of a record that has one.</summary>
    public static void WriteValue(in ShardRecord record, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(output);
        RecordSchemas.WriteVersioned(ref writer, record.Value!, record.ValueVersion);
        writer.Flush();
    }

    private static void ApplyControl<TShard>(TShard shard, in RecordBatchSlice batch)
        where TShard : IShard
    {
        using var reader = new RecordBatchReader(batch);
        if (!reader.MoveNext() || reader.Current.Key.Length < 4)
            return;
        // Key of a control record: int16 version, int16 type; 0 aborts and 1 commits.
        var type = System.Buffers.Binary.BinaryPrimitives.ReadInt16BigEndian(reader.Current.Key.Span[2..]);
        if (type is 0 or 1)
            shard.ApplyMarker(batch.Header.ProducerId, isCommit: type == 1);
    }

    private static void ApplyRecords<TShard>(TShard shard, in RecordBatchSlice batch, ref long unreadable)
        where TShard : IShard
    {
        var producerId = batch.Header.IsTransactional ? batch.Header.ProducerId : -1;
        using var reader = new RecordBatchReader(batch, MaxDecompressedBytes);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            try
            {
                if (record.Key.ToArray() is { } key && TShard.TryRead(key, record.Value.ToArray(), out var decoded))
                    shard.Apply(decoded, record.Offset, producerId);
            }
            catch (WireFormatException)
            {
                unreadable++;
            }
        }
        if (reader.Fault != RecordFault.None)
            unreadable++;
    }
}
