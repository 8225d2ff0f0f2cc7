using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Tests.DataDirectories;

/// <summary>Compares every record: the batches of each log in order against the lines that Kafka's consumer wrote.</summary>
internal sealed class RecordComparison(
    ReferenceArchive archive, Dictionary<TopicPartition, PartitionLog> logs, Dictionary<TopicPartition, long> appendedFrom, List<string> differences)
{
    private const int LongestPlainValue = 96;

    public void Run(ref int compared)
    {
        Dictionary<TopicPartition, Dictionary<long, JsonElement>> expected = [];
        foreach (var record in archive.Records())
        {
            var partition = new TopicPartition(record.GetProperty("topic").GetString()!, record.GetProperty("partition").GetInt32());
            if (!expected.TryGetValue(partition, out var records))
                expected.Add(partition, records = []);
            records.Add(record.GetProperty("offset").GetInt64(), record);
        }
        foreach ((var partition, var log) in logs)
            compared += Compare(partition, log, expected.GetValueOrDefault(partition) ?? []);
    }

    private int Compare(TopicPartition partition, PartitionLog log, Dictionary<long, JsonElement> expected)
    {
        var damage = archive.Damage(partition.ToString());
        var compared = 0;
        var committed = CommittedOffsets(log);
        foreach (var batch in Batches(log))
        {
            var readable = Crc32C.Compute(batch.Bytes.Slice(RecordBatchHeader.AttributesPosition)) == batch.Header.Crc;
            if (!readable)
            {
                for (var offset = batch.Header.BaseOffset; offset <= batch.Header.LastOffset; offset++)
                {
                    if (!expected.Remove(offset, out var line) || !line.TryGetProperty("unreadable", out _))
                        differences.Add($"{partition}@{offset} ({damage}): unreadable here");
                    compared++;
                }
                continue;
            }
            if (batch.Header.IsControl)
                continue;
            using var reader = new RecordBatchReader(batch);
            while (reader.MoveNext())
            {
                var record = reader.Current;
                if (record.Offset < log.LogStartOffset)
                    continue;
                if (!expected.Remove(record.Offset, out var line))
                {
                    if (!ServedComparison.MayServeMore(damage))
                        differences.Add($"{partition}@{record.Offset} ({damage}): Kafka serves no such record");
                    continue;
                }
                Compare(partition, batch.Header, record, line, committed.Contains(record.Offset) || !HasEnd(partition), damage);
                compared++;
            }
            if (reader.Fault != RecordFault.None)
                differences.Add($"{partition}@{batch.Header.BaseOffset}: {reader.Fault}");
        }
        foreach (var missing in expected.Values)
        {
            if (!appendedFrom.TryGetValue(partition, out var from) || missing.GetProperty("offset").GetInt64() < from)
                differences.Add($"{partition}@{missing.GetProperty("offset")} ({damage}): only Kafka serves it");
        }
        return compared;
    }

    /// <summary>False where Kafka's opening decided transactions that are open in the archive.</summary>
    private bool HasEnd(TopicPartition partition) => !appendedFrom.ContainsKey(partition);

    private void Compare(TopicPartition partition, in RecordBatchHeader header, in RecordView record, JsonElement line, bool committed, string damage)
    {
        var ours =
            string.Join(' ', record.Timestamp, header.TimestampType, header.PartitionLeaderEpoch, Bytes(record.Key), Bytes(record.Value), Headers(record));
        var kafka = string.Join(' ', line.GetProperty("timestamp"), line.GetProperty("timestampType"), line.GetProperty("leaderEpoch"),
            Bytes(line.GetProperty("key")), Bytes(line.GetProperty("value")), Headers(line.GetProperty("headers")));
        if (ours != kafka)
            differences.Add($"{partition}@{record.Offset} ({damage}): ours {ours}, Kafka {kafka}");
        // An index of noise hides aborted transactions from Kafka, which then hands out their records. The log itself says what they are.
        if (HasEnd(partition) && committed != line.GetProperty("committed").GetBoolean()
            && !(ServedComparison.MayServeMore(damage) && !committed && IsAborted(logs[partition], header)))
        {
            differences.Add($"{partition}@{record.Offset} ({damage}): committed {committed} here");
        }
    }

    /// <summary>The offsets that a committed reader gets: below the last stable offset, and of no aborted transaction.</summary>
    private static HashSet<long> CommittedOffsets(PartitionLog log)
    {
        var committed = new HashSet<long>();
        var stable = Math.Min(log.Producers.FirstUnstableOffset, log.LogEndOffset);
        for (var offset = log.LogStartOffset; offset < stable;)
        {
            var read = log.Read(offset, 1 << 20, stable, minOneBatch: true);
            using var region = read.Region;
            if (region is null)
                break;
            var aborted = new List<AbortedTransaction>();
            log.CollectAbortedTransactions(offset, read, aborted);
            foreach (var batch in RecordBatchEnumerator.Over(region.ToArray()))
            {
                var header = batch.Header;
                offset = Math.Max(offset, header.NextOffset);
                if (header.IsControl
                    || (header.IsTransactional
                    && aborted.Exists(a => a.ProducerId == header.ProducerId && header.BaseOffset >= a.FirstOffset && header.LastOffset <= a.LastOffset)))
                {
                    continue;
                }

                for (var o = header.BaseOffset; o <= header.LastOffset; o++)
                    _ = committed.Add(o);
            }
        }
        return committed;
    }

    /// <summary>Whether the next marker of the batch's producer aborts.</summary>
    private static bool IsAborted(PartitionLog log, in RecordBatchHeader transactional)
    {
        foreach (var batch in Batches(log))
        {
            if (batch.Header.BaseOffset < transactional.BaseOffset || batch.Header.ProducerId != transactional.ProducerId || !batch.Header.IsControl)
                continue;
            using var reader = new RecordBatchReader(batch);
            return reader.MoveNext() && reader.Current.Key.Span is [_, _, 0, 0];
        }
        return false;
    }

    /// <summary>The first record of the largest timestamp, by a look at each.</summary>
    public static string ScanLargest(PartitionLog log)
    {
        (long offset, long timestamp, var epoch) = (-1, -1, -1);
        foreach (var batch in Batches(log))
        {
            using var reader = new RecordBatchReader(batch);
            while (reader.MoveNext())
            {
                if (reader.Current.Timestamp > timestamp)
                    (offset, timestamp, epoch) = (reader.Current.Offset, reader.Current.Timestamp, batch.Header.PartitionLeaderEpoch);
            }
        }
        return $"{offset} {timestamp} {epoch}";
    }

    /// <summary>What every record, looked at one by one, says to a time.</summary>
    public static string Scan(PartitionLog log, long timestamp)
    {
        foreach (var batch in Batches(log))
        {
            using var reader = new RecordBatchReader(batch);
            while (reader.MoveNext())
            {
                if (reader.Current.Timestamp >= timestamp)
                    return $"{reader.Current.Offset} {reader.Current.Timestamp} {batch.Header.PartitionLeaderEpoch}";
            }
        }
        return "-1 -1 -1";
    }

    private static List<RecordBatchSlice> Batches(PartitionLog log)
    {
        var batches = new List<RecordBatchSlice>();
        for (var offset = log.LogStartOffset; offset < log.LogEndOffset;)
        {
            using var region = log.Read(offset, 1 << 20, long.MaxValue, minOneBatch: true).Region;
            if (region is null)
                break;
            foreach (var batch in RecordBatchEnumerator.Over(region.ToArray()))
            {
                // A consumer skips what it has had: a batch can be there twice.
                if (batch.Header.NextOffset <= offset)
                    continue;
                batches.Add(batch);
                offset = batch.Header.NextOffset;
            }
        }
        return batches;
    }

    private static string Bytes(NullableBytes bytes) => bytes.IsNull ? "null"
        : bytes.Length <= LongestPlainValue ? Convert.ToBase64String(bytes.Span)
        : $"{bytes.Length}:{Convert.ToHexStringLower(SHA256.HashData(bytes.Span))}";

    private static string Bytes(JsonElement bytes) => bytes.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.Object => $"{bytes.GetProperty("bytes")}:{bytes.GetProperty("sha256")}",
        _ => bytes.GetString()!,
    };

    private static string Headers(in RecordView record)
    {
        var text = new StringBuilder();
        foreach (var header in record.Headers)
            _ = text.Append('[').Append(Encoding.UTF8.GetString(header.Key)).Append('=').Append(Bytes(header.Value)).Append(']');
        return text.ToString();
    }

    private static string Headers(JsonElement headers)
    {
        var text = new StringBuilder();
        foreach (var header in headers.EnumerateArray())
            _ = text.Append('[').Append(header[0].GetString()).Append('=').Append(Bytes(header[1])).Append(']');
        return text.ToString();
    }
}
