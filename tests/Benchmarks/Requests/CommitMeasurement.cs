using System.Diagnostics;
using System.Globalization;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>
/// Offsets committed a second, and what one costs: by one client, which shows the way of a commit from socket to socket, and by several at once, whose groups
/// meet in the mailboxes of the partitions that hold them. A whole node in this process, on a disk folder, over sockets.
/// </summary>
internal static class CommitMeasurement
{
    private const string Topic = "bench";
    private const int Commits = 20_000;
    private const int Rounds = 5;

    public static int Run()
    {
        using var node = BenchmarkNode.Start();
        using var client = new FrameClient(node.Port);
        RequestFrames.CreateTopic(client, Topic, partitions: 1);
        client.Ask(RequestFrames.FindCoordinator("g"));
        foreach (var clients in (int[])[1, 8])
        {
            Measure(node.Port, clients);
            var rounds = Enumerable.Range(0, Rounds).Select(_ => Measure(node.Port, clients)).ToList();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients} clients, one commit in flight each: {Median(rounds, static round => round.PerSecond):N0} commits/s, "
                + $"{Median(rounds, static round => round.CpuMicroseconds):F1} us of CPU and {Median(rounds, static round => round.Bytes):N0} B allocated a "
                + $"commit"));
        }

        return 0;
    }

    private static double Median(List<(double PerSecond, double CpuMicroseconds, double Bytes)> rounds,
        Func<(double PerSecond, double CpuMicroseconds, double Bytes), double> of) =>
        rounds.Select(of).Order().ElementAt(rounds.Count / 2);

    private static (double PerSecond, double CpuMicroseconds, double Bytes) Measure(int port, int clients)
    {
        var (bytes, cpu, begin) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        var threads = Enumerable.Range(0, clients).Select(number => new Thread(() => Commit(port, $"group-{number}", Commits / clients))).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        return (
            Commits / Stopwatch.GetElapsedTime(begin).TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Commits,
            (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)Commits);
    }

    private static void Commit(int port, string group, int commits)
    {
        using var client = new FrameClient(port, answerBytes: 64 * 1024);
        var frame = RequestFrames.Commit(group, Topic);
        while (!RequestFrames.IsCommitted(client.Ask(frame)))
        {
            // The group's coordinator still reads its log.
        }

        for (var i = 0; i < commits; i++)
        {
            client.Ask(frame);
        }
    }
}
