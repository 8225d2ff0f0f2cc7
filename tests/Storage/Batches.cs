using System.Buffers;
using System.Text;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests;

/// <summary>Makes batches to append.</summary>
internal static class Batches
{
    public const long StartMs = 1_700_000_000_000;

    public static byte[] Plain(long baseOffset, int records = 1, int valueBytes = 20, long timestamp = StartMs, int epoch = 0)
    {
        using var builder = new RecordBatchBuilder { BaseOffset = baseOffset, PartitionLeaderEpoch = epoch };
        for (var i = 0; i < records; i++)
            builder.Append(timestamp + i, Encoding.ASCII.GetBytes("key" + i), Value(baseOffset + i, valueBytes));
        return Bytes(builder);
    }

    public static byte[] Produced(long baseOffset, long producerId, short producerEpoch, int baseSequence, int records = 1, bool transactional = false,
        long timestamp = StartMs, int valueBytes = 20)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = baseOffset,
            PartitionLeaderEpoch = 0,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            BaseSequence = baseSequence,
            IsTransactional = transactional,
        };
        for (var i = 0; i < records; i++)
            builder.Append(timestamp + i, NullableBytes.Null, Value(baseOffset + i, valueBytes));
        return Bytes(builder);
    }

    public static byte[] Marker(long offset, long producerId, short producerEpoch, bool commit, int coordinatorEpoch = 0, long timestamp = StartMs)
    {
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = offset,
            PartitionLeaderEpoch = 0,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            IsTransactional = true,
            IsControl = true,
        };
        builder.Append(timestamp, (byte[])[0, 0, 0, (byte)(commit ? 1 : 0)], (byte[])[0, 0, 0, 0, 0, (byte)coordinatorEpoch]);
        return Bytes(builder);
    }

    public static LogAppend Append(this PartitionLog log, byte[] batch) => log.Append(new ReadOnlySequence<byte>(batch));

    public static RecordBatchHeader Header(byte[] batch) =>
        RecordBatchHeader.TryRead(batch, out var header) ? header : throw new ArgumentException("no batch");

    /// <summary>All batches from an offset on, as one array.</summary>
    public static byte[] ReadAll(this PartitionLog log, long from)
    {
        var all = new ArrayBufferWriter<byte>();
        while (from < log.LogEndOffset)
        {
            using var region = log.Read(from, 1 << 20, long.MaxValue, minOneBatch: true).Region;
            if (region is null)
                break;
            var bytes = region.ToArray();
            foreach (var batch in RecordBatchEnumerator.Over(bytes))
            {
                all.Write(batch.Bytes.ToArray());
                from = batch.Header.NextOffset;
            }
        }
        return all.WrittenSpan.ToArray();
    }

    private static byte[] Value(long offset, int bytes)
    {
        var value = new byte[bytes];
        new Random((int)offset).NextBytes(value);
        return value;
    }

    private static byte[] Bytes(RecordBatchBuilder builder) => builder.ToArray();
}
