using System.Diagnostics;
using KafkaCompat.Benchmarks.Requests;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>
/// Several connections, each with a thread of its own, that send prepared frames: <see cref="Requests"/> all together, so that every broker does the same work
/// and leaves the same number of pages in the system's cache. Without a rate each connection keeps <see cref="InFlight"/> requests
/// in flight; with one, requests leave at fixed times whether or not the broker keeps up, and waiting for a late answer counts as latency.
/// </summary>
internal sealed record Workload(string Name, int Connections, int InFlight, int Requests, int RequestsPerSecond,
    Func<string, int, IReadOnlyList<byte[]>> Frames)
{
    /// <summary>Runs against <paramref name="port"/> and adds up what the connections saw.</summary>
    public Outcome Run(int port, string topic)
    {
        var outcomes = new Outcome[Connections];
        var threads = Enumerable.Range(0, Connections).Select(index => new Thread(() =>
        {
            var frames = Frames(topic, index);
            outcomes[index] = RequestsPerSecond == 0
                ? Saturate(port, frames)
                : Pace(port, frames, TimeSpan.FromSeconds((double)Connections / RequestsPerSecond), (double)index / Connections);
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        var latencies = outcomes.SelectMany(static outcome => outcome.Latencies).ToList();
        latencies.Sort();
        return new Outcome(outcomes.Sum(static outcome => outcome.Requests), outcomes.Sum(static outcome => outcome.Bytes),
            outcomes.Max(static outcome => outcome.Elapsed), latencies);
    }

    private int RequestsOfEach => Requests / Connections;

    private Outcome Saturate(int port, IReadOnlyList<byte[]> frames)
    {
        using var client = new FrameClient(port);
        var sent = new Queue<long>(InFlight);
        var latencies = new List<TimeSpan>(RequestsOfEach);
        var (begin, bytes, next, length) = (Stopwatch.GetTimestamp(), 0L, 0, 0);
        void Send()
        {
            sent.Enqueue(Stopwatch.GetTimestamp());
            var frame = frames[next++ % frames.Count];
            client.Send(frame);
            bytes += frame.Length;
        }

        for (var i = 0; i < InFlight; i++)
        {
            Send();
        }

        while (sent.Count > 0)
        {
            var answer = client.Receive().Length;
            if (length > 0 && answer != length)
            {
                throw new InvalidOperationException($"{Name}: an answer of {answer} bytes after those of {length}, which is an error or another work");
            }

            length = answer;
            bytes += answer;
            latencies.Add(Stopwatch.GetElapsedTime(sent.Dequeue()));
            if (next < RequestsOfEach)
            {
                Send();
            }
        }

        return new Outcome(latencies.Count, bytes, Stopwatch.GetElapsedTime(begin), latencies);
    }

    private Outcome Pace(int port, IReadOnlyList<byte[]> frames, TimeSpan interval, double phase)
    {
        using var client = new FrameClient(port);
        var latencies = new List<TimeSpan>();
        var (begin, bytes, next) = (Stopwatch.GetTimestamp(), 0L, 0);
        while (next < RequestsOfEach)
        {
            var due = interval * (next + phase);
            var wait = due - Stopwatch.GetElapsedTime(begin);
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }

            // A thread that woke late is the driver's fault, a request before it that was not answered is the broker's.
            var ready = Stopwatch.GetElapsedTime(begin);
            var from = latencies.Count > 0 && latencies[^1] > interval ? due : ready;
            var frame = frames[next++ % frames.Count];
            bytes += client.Ask(frame).Length + frame.Length;
            latencies.Add(Stopwatch.GetElapsedTime(begin) - from);
        }

        return new Outcome(latencies.Count, bytes, Stopwatch.GetElapsedTime(begin), latencies);
    }
}

/// <summary>What a workload did: answered requests, bytes both ways, the time it took and the latency of each request, sorted.</summary>
internal sealed record Outcome(long Requests, long Bytes, TimeSpan Elapsed, List<TimeSpan> Latencies)
{
    /// <summary>The latency that <paramref name="share"/> of the requests did not exceed.</summary>
    public TimeSpan Percentile(double share) => Latencies.Count == 0 ? TimeSpan.Zero : Latencies[Math.Min(Latencies.Count - 1, (int)(Latencies.Count * share))];
}
