using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>What 10,000 connections cost a node that have asked once and are silent since, and one that works beside them.</summary>
internal sealed record ConnectionCosts(double KiBPerConnection, double IdleCore, double MicrosecondsAlone, double MicrosecondsBeside)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{KiBPerConnection:F2} KiB resident a connection, all idle {IdleCore:P2} of a core; a record produced in {MicrosecondsAlone:F1} µs without them "
            + $"(before and after), {MicrosecondsBeside:F1} µs beside them: {MicrosecondsBeside / MicrosecondsAlone:F2}");
}

/// <summary>Measures a node without idle connections, with many, and without again: the same process, the same client.</summary>
internal static class ConnectionScale
{
    private const int Connections = 10_000;
    private const int Requests = 20_000;
    private const int Rounds = 5;
    private const string Topic = "busy";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public static ConnectionCosts Measure(NodeFolder folder, Func<NodeProcess> start)
    {
        using var node = start();
        node.WaitForAnswer(folder.Port, Patience);
        using var busy = new FrameClient(folder.Port);
        RequestFrames.CreateTopic(busy, Topic, 1);
        var request = RequestFrames.Produce(Topic, 0, 1, 100, acks: 1);
        while (!RequestFrames.IsTaken(busy.Ask(request)))
        {
            Thread.Sleep(10);
        }

        // What comes before a measured round warms both ends up.
        Median(busy, request);
        var alone = Median(busy, request);
        Thread.Sleep(Settling);
        var before = node.ResidentKiB();
        var idle = new List<FrameClient>(Connections);
        try
        {
            var hello = RequestFrames.ApiVersions();
            for (var i = 0; i < Connections; i++)
            {
                idle.Add(new FrameClient(folder.Port, answerBytes: 16 * 1024));
                idle[^1].Ask(hello);
            }

            Thread.Sleep(Settling);
            var resident = node.ResidentKiB() - before;
            var (cpu, from) = (node.ProcessorTime(), Stopwatch.GetTimestamp());
            Thread.Sleep(Settling);
            var core = (node.ProcessorTime() - cpu) / Stopwatch.GetElapsedTime(from);
            Median(busy, request);
            var beside = Median(busy, request);
            idle.ForEach(static client => client.Dispose());
            while (node.OpenDescriptors() > Connections / 2)
            {
                Thread.Sleep(100);
            }

            Thread.Sleep(Settling);
            Median(busy, request);
            return new ConnectionCosts((double)resident / Connections, core, (alone + Median(busy, request)) / 2, beside);
        }
        finally
        {
            idle.ForEach(static client => client.Dispose());
        }
    }

    /// <summary>Microseconds from a request to its answer, in the round in the middle.</summary>
    private static double Median(FrameClient client, byte[] request) => Enumerable.Range(0, Rounds).Select(_ =>
    {
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < Requests; i++)
        {
            client.Ask(request);
        }

        return Stopwatch.GetElapsedTime(begin).TotalMicroseconds / Requests;
    }).Order().ElementAt(Rounds / 2);
}
