using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>
/// Bytes allocated a request by a whole node in this process, on a disk folder, over sockets: produce and fetch of batches of 1, 10 and 100
/// records. The difference between the batches is what a record costs. The client prepares its frames and allocates nothing.
/// </summary>
internal static class RequestMeasurement
{
    private const short ProduceVersion = 12;
    private const short FetchVersion = 12;
    private const int Requests = 5000;
    private const double TargetBytes = 2048;

    private static readonly int[] RecordCounts = [1, 10, 100];

    public static int Run()
    {
        using var node = BenchmarkNode.Start();
        using var client = new FrameClient(node.Port);
        var met = true;
        foreach (var (name, kind) in ((string, int)[])[("produce, acks=1", 1), ("produce, acks=all", -1), ("fetch", 0)])
        {
            var perRequest = new List<double>();
            foreach (var records in RecordCounts)
            {
                var topic = string.Create(CultureInfo.InvariantCulture, $"bench-{kind + 1}-{records}");
                CreateTopic(client, topic);
                var produce = RequestFrame.Of(Produce(topic, records, kind == 0 ? (short)1 : (short)kind), ProduceVersion);
                CheckProduced(client.Ask(produce));
                var frame = kind == 0 ? RequestFrame.Of(Fetch(topic), FetchVersion) : produce;
                if (kind == 0)
                {
                    CheckFetched(client.Ask(frame), records);
                }

                perRequest.Add(Measure(client, frame, out var perSecond));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name,-18} {records,4} records of 100 B: {perRequest[^1],8:N0} B allocated a request, {perSecond,8:N0} requests/s, one in flight"));
            }

            var perRecord = (perRequest[^1] - perRequest[0]) / (RecordCounts[^1] - RecordCounts[0]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-18} {perRecord,8:F2} B allocated a record; targets: < 2,048 B a request, 0 B a record"));
            met &= perRequest.TrueForAll(static bytes => bytes < TargetBytes) && perRecord < 1;
        }

        Console.WriteLine(met ? "targets met" : "targets missed");
        return met ? 0 : 1;
    }

    private static double Measure(FrameClient client, byte[] frame, out double perSecond)
    {
        for (var i = 0; i < Requests / 5; i++)
        {
            client.Ask(frame);
        }

        var (before, begin) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
        for (var i = 0; i < Requests; i++)
        {
            client.Ask(frame);
        }

        perSecond = Requests / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Requests;
    }

    private static void CreateTopic(FrameClient client, string name)
    {
        var request = new CreateTopicsRequest { TimeoutMs = 10_000 };
        request.Topics.Add(new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 });
        var reader = new WireReader(client.Ask(RequestFrame.Of(request, 7)));
        ResponseHeader.Read(ref reader, 1);
        var answer = CreateTopicsResponse.Read(ref reader, 7);
        if (answer.Topics[0].ErrorCode != ErrorCode.None)
        {
            throw new InvalidOperationException($"CreateTopics: {answer.Topics[0].ErrorCode} {answer.Topics[0].ErrorMessage}");
        }
    }

    private static ProduceRequest Produce(string topic, int records, short acks)
    {
        using var batch = new RecordBatchBuilder();
        for (var i = 0; i < records; i++)
        {
            batch.Append(1_700_000_000_000, default, new byte[100]);
        }

        var partition = new ProduceRequest.PartitionProduceData { Index = 0, Records = RecordBytes.From(batch.ToArray()) };
        var data = new ProduceRequest.TopicProduceData { Name = topic };
        data.PartitionData.Add(partition);
        var request = new ProduceRequest { Acks = acks, TimeoutMs = 10_000 };
        request.TopicData.Add(data);
        return request;
    }

    /// <summary>One batch from the start of the log, as a consumer without a session asks for it.</summary>
    private static FetchRequest Fetch(string topic)
    {
        var partition = new FetchRequest.FetchPartition { Partition = 0, FetchOffset = 0, PartitionMaxBytes = 1, CurrentLeaderEpoch = -1 };
        var data = new FetchRequest.FetchTopic { Topic = topic };
        data.Partitions.Add(partition);
        var request = new FetchRequest { MaxWaitMs = 100, MinBytes = 1, MaxBytes = 1_000_000, SessionId = 0, SessionEpoch = -1 };
        request.Topics.Add(data);
        return request;
    }

    private static void CheckProduced(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        var partition = ProduceResponse.Read(ref reader, ProduceVersion).Responses[0].PartitionResponses[0];
        if (partition.ErrorCode != ErrorCode.None)
        {
            throw new InvalidOperationException($"Produce: {partition.ErrorCode} {partition.ErrorMessage}");
        }
    }

    private static void CheckFetched(ReadOnlyMemory<byte> answer, int records)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        var partition = FetchResponse.Read(ref reader, FetchVersion).Responses[0].Partitions[0];
        if (partition.ErrorCode != ErrorCode.None || !RecordBatchHeader.TryRead(partition.Records!.ToArray(), out var header) || header.RecordCount != records)
        {
            throw new InvalidOperationException($"Fetch: {partition.ErrorCode}, {partition.Records?.Length ?? 0} bytes");
        }
    }
}
