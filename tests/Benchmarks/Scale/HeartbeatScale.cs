using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>How long a broker's heartbeats wait for the controller, a thousand of them on an idle node and those while 3,000 partitions are made.</summary>
internal sealed record HeartbeatScale(HeartbeatTimes Idle, HeartbeatTimes Creating, double CreatedSeconds)
{
    private const int Topics = 3;
    private const int PartitionsOfEach = 1_000;
    private const int BrokerId = 7;
    private const int IdleHeartbeats = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static HeartbeatScale Measure(NodeFolder folder, Func<NodeProcess> start)
    {
        using var node = start();
        if (!MetadataProbe.WaitFor(folder.Port, Patience, () => node.HasExited))
        {
            throw new InvalidOperationException($"The broker did not answer:\n{string.Join('\n', node.Lines)}");
        }

        using var controller = new FrameClient(folder.ControllerPort);
        using var client = new FrameClient(folder.Port);
        var heartbeat = RequestFrames.Heartbeat(BrokerId, RequestFrames.RegisterBroker(controller, client, BrokerId));
        var idle = Beat(controller, heartbeat, beats => beats < IdleHeartbeats);
        double created = 0;
        var creating = new Thread(() =>
        {
            var begin = Stopwatch.GetTimestamp();
            for (var topic = 0; topic < Topics; topic++)
            {
                RequestFrames.CreateTopic(client, string.Create(CultureInfo.InvariantCulture, $"scale-{topic}"), PartitionsOfEach);
            }

            created = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        });
        creating.Start();
        var busy = Beat(controller, heartbeat, _ => creating.IsAlive);
        return new HeartbeatScale(idle, busy, created);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture,
        $"heartbeats {Idle} idle; {Creating} while {Topics * PartitionsOfEach:N0} partitions are made in {CreatedSeconds:F2} s");

    private static HeartbeatTimes Beat(FrameClient controller, byte[] heartbeat, Func<int, bool> goesOn)
    {
        var times = new List<double>();
        while (goesOn(times.Count))
        {
            var begin = Stopwatch.GetTimestamp();
            if (!RequestFrames.IsHeard(controller.Ask(heartbeat)))
            {
                throw new InvalidOperationException("A heartbeat was refused.");
            }

            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            Thread.Sleep(1);
        }

        times.Sort();
        return new HeartbeatTimes(times.Count, times[times.Count / 2], times[times.Count * 99 / 100], times[^1]);
    }
}

/// <summary>Heartbeats, and the ms that they took: half of them at most, 99 of 100 at most, the longest.</summary>
internal sealed record HeartbeatTimes(int Count, double Median, double P99, double Longest)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:F2} ms, p99 {P99:F1}, longest {Longest:F1} ({Count:N0})");
}
