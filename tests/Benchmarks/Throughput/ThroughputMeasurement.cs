using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;

namespace KafkaCompat.Benchmarks.Throughput;

/// <summary>
/// What a node in this process takes in and gives out over sockets: two producers with five requests in flight, in batches of 16 KiB and 1 MiB, then two
/// consumers that read what was produced. Processor time is that of both ends.
/// </summary>
internal static class ThroughputMeasurement
{
    private const int Clients = 2;
    private const int InFlight = 5;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(4);

    public static int Run()
    {
        using var node = BenchmarkNode.Start();
        foreach (var (name, records, recordBytes) in ((string, int, int)[])[("100 B", 1, 100), ("16 KiB", 16, 1000), ("1 MiB", 1000, 1024)])
        {
            var topic = "throughput-" + records.ToString(CultureInfo.InvariantCulture);
            using (var client = new FrameClient(node.Port))
            {
                RequestFrames.CreateTopic(client, topic, Clients);
            }

            Measure(node.Port, $"produce batches of {name}", index => RequestFrames.Produce(topic, index, records, recordBytes, acks: 1));
            Measure(node.Port, $"fetch batches of {name}", index => RequestFrames.Fetch(topic, index, maxBytes: 1024 * 1024));
        }

        return 0;
    }

    private static void Measure(int port, string name, Func<int, byte[]> frame)
    {
        using var process = Process.GetCurrentProcess();
        var (cpu, begin) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        long requests = 0, bytes = 0;
        var threads = Enumerable.Range(0, Clients).Select(index => new Thread(() =>
        {
            var (asked, moved) = Client(port, frame(index));
            Interlocked.Add(ref requests, asked);
            Interlocked.Add(ref bytes, moved);
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        var elapsed = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        process.Refresh();
        var used = (process.TotalProcessorTime - cpu).TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-26} {requests / elapsed,9:N0} requests/s {bytes / elapsed / 1e6,7:N0} MB/s {used * 1e6 / requests,8:N1} µs a request "
                + $"{used / (bytes / 1e9),6:N2} s a GB"));
    }

    private static (long Requests, long Bytes) Client(int port, byte[] frame)
    {
        using var client = new FrameClient(port);
        long requests = 0, bytes = 0;
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < InFlight; i++)
        {
            client.Send(frame);
        }

        while (Stopwatch.GetElapsedTime(begin) < Duration)
        {
            bytes += client.Receive().Length + frame.Length;
            requests++;
            client.Send(frame);
        }

        return (requests, bytes);
    }
}
