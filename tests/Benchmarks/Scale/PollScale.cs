using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>What 1,000 consumers cost a node that wait for records which do not come.</summary>
internal sealed record PollCosts(double Core, double MicrosecondsPerPoll)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Core:P2} of a core, {MicrosecondsPerPoll:F1} CPU µs a poll");
}

/// <summary>1,000 connections, each with a fetch of an empty partition under way that waits for half a second, as consumers without records do.</summary>
internal static class PollScale
{
    private const int Consumers = 1_000;
    private const string Topic = "quiet";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    public static PollCosts Measure(NodeFolder folder, Func<NodeProcess> start)
    {
        using var node = start();
        node.WaitForAnswer(folder.Port, Patience);
        using var client = new FrameClient(folder.Port);
        RequestFrames.CreateTopic(client, Topic, 1);
        var poll = RequestFrames.Fetch(Topic, 0, maxBytes: 1024 * 1024, waitMs: RequestFrames.PollWaitMs);
        var consumers = Enumerable.Range(0, Consumers).Select(_ => new FrameClient(folder.Port, answerBytes: 16 * 1024)).ToList();
        try
        {
            // Spread over the time of a poll, so that they do not all end at once.
            for (var i = 0; i < Consumers; i++)
            {
                consumers[i].Send(poll);
                if (i % (Consumers / RequestFrames.PollWaitMs) == 0)
                {
                    Thread.Sleep(1);
                }
            }

            Poll(consumers, poll, WarmUp);
            var (cpu, from) = (node.ProcessorTime(), Stopwatch.GetTimestamp());
            var polls = Poll(consumers, poll, Duration);
            var used = node.ProcessorTime() - cpu;
            return new PollCosts(used / Stopwatch.GetElapsedTime(from), used.TotalMicroseconds / polls);
        }
        finally
        {
            consumers.ForEach(static consumer => consumer.Dispose());
        }
    }

    private static long Poll(List<FrameClient> consumers, byte[] poll, TimeSpan duration)
    {
        var (begin, polls) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(begin) < duration)
        {
            foreach (var consumer in consumers)
            {
                consumer.Receive();
                consumer.Send(poll);
                polls++;
            }
        }

        return polls;
    }
}
