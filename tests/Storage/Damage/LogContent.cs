using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>What a sound log holds: its batches, and the records that a committed reader gets.</summary>
internal sealed class LogContent
{
    private LogContent(long start, long end) => (Start, End) = (start, end);

    public long Start { get; }

    public long End { get; }

    public List<byte[]> Batches { get; } = [];

    public List<(long Offset, long Timestamp)> Records { get; } = [];

    public HashSet<long> Committed { get; } = [];

    public static LogContent Read(PartitionLog log)
    {
        var content = new LogContent(log.LogStartOffset, log.LogEndOffset);
        log.Producers.OnHighWatermark(log.LogEndOffset);
        for (var offset = log.LogStartOffset; offset < log.LogEndOffset;)
        {
            var batch = First(log, offset) ?? throw new InvalidOperationException($"There is no batch at {offset}.");
            content.Batches.Add(batch);
            var header = Tests.Batches.Header(batch);
            var isControl = header.IsControl;
            var records = RecordBatchEnumerator.Over(batch);
            _ = records.MoveNext();
            using var reader = new RecordBatchReader(records.Current);
            while (reader.MoveNext())
            {
                if (reader.Current.Offset >= log.LogStartOffset)
                    content.Records.Add((reader.Current.Offset, reader.Current.Timestamp));
            }
            if (!isControl && IsCommitted(log, header))
            {
                for (var o = Math.Max(header.BaseOffset, log.LogStartOffset); o <= header.LastOffset; o++)
                    _ = content.Committed.Add(o);
            }
            offset = header.NextOffset;
        }
        return content;
    }

    /// <summary>The batch that a read at an offset starts with.</summary>
    public static byte[]? First(PartitionLog log, long offset)
    {
        using var region = log.Read(offset, 1, long.MaxValue, minOneBatch: true).Region;
        return region?.ToArray();
    }

    /// <summary>Whether a committed reader is given the records of a batch.</summary>
    public static bool IsCommitted(PartitionLog log, in RecordBatchHeader header)
    {
        var stable = Math.Min(log.Producers.FirstUnstableOffset, log.LogEndOffset);
        if (header.NextOffset > stable)
            return false;
        var read = log.Read(Math.Max(header.BaseOffset, log.LogStartOffset), 1, stable, minOneBatch: true);
        read.Region?.Dispose();
        if (read.Region is null)
            return false;
        var aborted = new List<AbortedTransaction>();
        log.CollectAbortedTransactions(header.BaseOffset, read, aborted);
        (var id, var first) = (header.ProducerId, header.BaseOffset);
        return !header.IsTransactional || !aborted.Exists(entry => entry.ProducerId == id && entry.FirstOffset <= first && first <= entry.LastOffset);
    }

    /// <summary>Whether a client takes these bytes for a batch.</summary>
    public static bool IsTakenByClients(byte[] bytes) => RecordBatchHeader.TryRead(bytes, out var header)
        && header.Magic == RecordBatchHeader.CurrentMagic && header.SizeInBytes == bytes.Length
        && Crc32C.Compute(bytes.AsSpan(RecordBatchHeader.AttributesPosition)) == header.Crc;
}
