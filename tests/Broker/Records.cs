using System.Text;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Makes batches and sends them, for tests that are about what comes after.</summary>
internal static class Records
{
    public const long StartMs = 1_700_000_000_000;

    public static byte[] Batch(int records = 1, int valueBytes = 10, long timestamp = StartMs, long producerId = -1, short epoch = -1, int sequence = -1)
    {
        using var builder = new RecordBatchBuilder { ProducerId = producerId, ProducerEpoch = epoch, BaseSequence = sequence };
        for (var i = 0; i < records; i++) builder.Append(timestamp + i, Encoding.ASCII.GetBytes($"key{i}"), new byte[valueBytes]);
        return builder.ToArray();
    }

    public static ProduceRequest Produce(string topic, byte[] batch, int partition = 0, short acks = -1) => new()
    {
        Acks = acks,
        TimeoutMs = 120_000,
        TopicData = { new() { Name = topic, PartitionData = { new() { Index = partition, Records = RecordBytes.From(batch.AsMemory()) } } } },
    };

    /// <summary>Produces and returns the base offset.</summary>
    public static async Task<long> Send(MemoryClient client, string topic, byte[] batch, int partition = 0)
    {
        var response = await client.Ask<ProduceRequest, ProduceResponse>(Produce(topic, batch, partition), 12);
        var result = response.Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        return result.BaseOffset;
    }

    public static FetchRequest Fetch(string topic, long offset, int maxWaitMs = 0, int minBytes = 1, int partitionMaxBytes = 1 << 20,
        int maxBytes = int.MaxValue, int partition = 0) => new()
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = minBytes,
            MaxBytes = maxBytes,
            Topics = { new() { Topic = topic, Partitions = { new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = partitionMaxBytes } } } },
        };

    /// <summary>The base offsets of the whole batches that an answer holds.</summary>
    public static List<long> BaseOffsets(RecordBytes? records)
    {
        var offsets = new List<long>();
        foreach (var batch in RecordBatchEnumerator.Over(records!.ToArray().AsMemory())) offsets.Add(batch.Header.BaseOffset);
        return offsets;
    }
}
