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
    private const int RecordBytes = 100;
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
                RequestFrames.CreateTopic(client, topic, partitions: 1);
                var produce = RequestFrames.Produce(topic, 0, records, RecordBytes, kind == 0 ? (short)1 : (short)kind);
                CheckProduced(client.Ask(produce));
                var frame = kind == 0 ? RequestFrames.Fetch(topic, 0, maxBytes: 1) : produce;
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
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{name,-18} {perRecord,8:F2} B allocated a record; targets: < 2,048 B a request, 0 B a record"));
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

    private static void CheckProduced(ReadOnlyMemory<byte> answer)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        var partition = ProduceResponse.Read(ref reader, RequestFrames.ProduceVersion).Responses[0].PartitionResponses[0];
        if (partition.ErrorCode != ErrorCode.None)
        {
            throw new InvalidOperationException($"Produce: {partition.ErrorCode} {partition.ErrorMessage}");
        }
    }

    private static void CheckFetched(ReadOnlyMemory<byte> answer, int records)
    {
        var reader = new WireReader(answer);
        ResponseHeader.Read(ref reader, 1);
        var partition = FetchResponse.Read(ref reader, RequestFrames.FetchVersion).Responses[0].Partitions[0];
        if (partition.ErrorCode != ErrorCode.None || !RecordBatchHeader.TryRead(partition.Records!.ToArray(), out var header) || header.RecordCount != records)
        {
            throw new InvalidOperationException($"Fetch: {partition.ErrorCode}, {partition.Records?.Length ?? 0} bytes");
        }
    }
}
