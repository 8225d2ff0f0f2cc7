using System.Globalization;
using System.Text;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Testing.Hosting;

/// <summary>Reads and writes records of a broker in this process without a client.</summary>
internal static class RecordAccess
{
    private const int ReadBytes = 1 << 20;
    private const short AcksAll = -1;
    private const string MaxMessageBytes = ConfigKeys.MaxMessageBytes;
    private const string MaxMessageBytesOfBroker = ConfigKeys.MessageMaxBytes;

    /// <summary>Every record of a partition that a consumer can read: up to the high watermark, without control records.</summary>
    /// <exception cref="KafkaCompatException">There is no such partition, or it cannot be read.</exception>
    public static List<BrokerRecord> Read(Partition partition)
    {
        var records = new List<BrokerRecord>();
        for (var offset = partition.Log.LogStartOffset; ;)
        {
            var read = partition.Read(offset, ReadBytes, minOneBatch: true, committedOnly: false, currentLeaderEpoch: -1, lastFetchedEpoch: -1);
            using var region = read.Region;
            if (read.Error != ErrorCode.None)
                throw new KafkaCompatException(read.Error, $"{partition.Topic}-{partition.Index} cannot be read at offset {offset}: {read.Error}");
            if (region is null || region.Length == 0) return records;
            var next = offset;
            foreach (var batch in RecordBatchEnumerator.Over(region.ToArray()))
            {
                next = batch.Header.LastOffset + 1;
                if (batch.Header.IsControl) continue;
                Add(records, batch, partition.Index, offset);
            }
            if (next == offset)
                throw new KafkaCompatException(ErrorCode.CorruptMessage, $"{partition.Topic}-{partition.Index} cannot be read at offset {offset}.");
            offset = next;
        }
    }

    /// <summary>Writes records as one batch of their partition and waits until they can be read.</summary>
    /// <exception cref="KafkaCompatException">The batch is refused.</exception>
    public static async Task<long> Append(BrokerService broker, Partition partition, IReadOnlyList<BrokerRecord> records, TimeProvider clock,
        CancellationToken cancellation)
    {
        var batch = Batch(records, clock);
        var size = batch.Length;
        var appended = partition.Append(RecordBytes.From(batch), AcksAll, ProduceRequest.MaxVersion);
        if (appended.Error == ErrorCode.None && !appended.IsReplicated)
        {
            var wait = new AckWait(broker.Wheel);
            var place = wait.Add(partition, appended.RequiredOffset, appended.LeaderEpoch);
            await wait.Wait(BrokerSettings.RequestTimeoutMs, cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (place.Outcome is { } outcome and not ErrorCode.None)
                throw new KafkaCompatException(outcome, $"The records of {partition.Topic}-{partition.Index} are not acknowledged: {outcome}");
        }
        if (appended.Error != ErrorCode.None)
        {
            var reason = KafkaCompatException.Reason(appended.Error, appended.ErrorMessage ?? WhyTooLarge(appended.Error, partition, size));
            throw new KafkaCompatException(appended.Error, $"The records of {partition.Topic}-{partition.Index} are refused: {reason}");
        }
        return appended.BaseOffset;
    }

    /// <summary>What Kafka's answer leaves out: how large the batch is, and what allows how much. Null where the batch is within its limit.</summary>
    private static string? WhyTooLarge(ErrorCode error, Partition partition, int size)
    {
        var limit = partition.Config.MaxMessageBytes;
        if (error != ErrorCode.MessageTooLarge || size <= limit) return null;
        _ = partition.Config.Text(MaxMessageBytes, out var origin, out var brokerName);
        var setting = origin == TopicConfigOrigin.Topic ? $"{MaxMessageBytes} of the topic" : $"{brokerName ?? MaxMessageBytesOfBroker} of the broker";
        return string.Create(CultureInfo.InvariantCulture, $"because their batch has {size} bytes, and {setting} allows {limit}.");
    }

    private static byte[] Batch(IReadOnlyList<BrokerRecord> records, TimeProvider clock)
    {
        using var builder = new RecordBatchBuilder();
        var now = clock.GetUtcNow();
        foreach (var record in records)
        {
            RecordHeader[] headers = [.. record.Headers.Select(static header => new RecordHeader(Encoding.UTF8.GetBytes(header.Key), header.Value))];
            builder.Append((record.Timestamp ?? now).ToUnixTimeMilliseconds(), record.Key, record.Value, headers);
        }
        return builder.ToArray();
    }

    private static void Add(List<BrokerRecord> records, scoped in RecordBatchSlice batch, int partition, long from)
    {
        using var reader = new RecordBatchReader(batch);
        while (reader.MoveNext())
        {
            var record = reader.Current;
            // A batch is read whole; what DeleteRecords took away may stand in front.
            if (record.Offset < from) continue;
            var headers = new List<KeyValuePair<string, byte[]?>>(record.HeaderCount);
            foreach (var header in record.Headers) headers.Add(new(Encoding.UTF8.GetString(header.Key), header.Value.ToArray()));
            records.Add(new BrokerRecord
            {
                Partition = partition,
                Offset = record.Offset,
                Timestamp = record.Timestamp < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(record.Timestamp),
                Key = record.Key.ToArray(),
                Value = record.Value.ToArray(),
                Headers = headers,
            });
        }
        if (reader.Fault != RecordFault.None) throw new KafkaCompatException(ErrorCode.CorruptMessage, $"A batch cannot be read: {reader.Fault}");
    }
}
