using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>
/// What 10,000 partitions cost a node: seconds to create, to stop and to open them, the share of a core that they keep busy, memory and descriptors.
/// </summary>
internal sealed record PartitionCosts(double Created, double IdleCore, long ResidentKiB, int Descriptors, double Stopped, double Opened, double Taken)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"created in {Created:F2} s, idle {IdleCore:P2} of a core, {ResidentKiB / 1024} MiB resident, {Descriptors} descriptors; stopped in {Stopped:F2} s, "
            + $"all served {Opened:F2} s after exec, a record taken {Taken:F2} s after it");
}

/// <summary>What a start costs a node that holds 10,000 partitions, until each of them is served.</summary>
internal sealed record OpeningCosts(double Ms, double ProcessorMs, double ResidentMiB)
{
    public static OpeningCosts Median(IReadOnlyList<OpeningCosts> all) =>
        new(Middle(all, static one => one.Ms), Middle(all, static one => one.ProcessorMs), Middle(all, static one => one.ResidentMiB));

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"all served {Ms:F0} ms after exec, {ProcessorMs:F0} ms of processors, {ResidentMiB:F0} MiB resident");

    private static double Middle(IReadOnlyList<OpeningCosts> all, Func<OpeningCosts, double> of) => all.Select(of).Order().ElementAt(all.Count / 2);
}

/// <summary>One node on its way through 10,000 partitions: they are created, lie idle, are closed and opened again.</summary>
internal sealed class PartitionScale(NodeFolder folder, Func<NodeProcess> start)
{
    private const int Topics = 10;
    private const int PartitionsOfEach = 1_000;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public PartitionCosts Measure()
    {
        double created, idle, stopped;
        long resident;
        int descriptors;
        using (var node = start())
        {
            node.WaitForAnswer(folder.Port, Patience);
            var begin = Stopwatch.GetTimestamp();
            CreateAll(node);
            created = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            Thread.Sleep(Settling);
            var (cpu, from) = (node.ProcessorTime(), Stopwatch.GetTimestamp());
            Thread.Sleep(Idle);
            idle = (node.ProcessorTime() - cpu) / Stopwatch.GetElapsedTime(from);
            (resident, descriptors) = (node.ResidentKiB(), node.OpenDescriptors());
            begin = Stopwatch.GetTimestamp();
            Stop(node);
            stopped = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }

        var exec = Stopwatch.GetTimestamp();
        using (var node = start())
        {
            AwaitAll(node);
            var opened = Stopwatch.GetElapsedTime(exec).TotalSeconds;
            using var client = new FrameClient(folder.Port);
            if (!RequestFrames.IsTaken(client.Ask(RequestFrames.Produce(Name(Topics - 1), PartitionsOfEach - 1, 1, 100, acks: -1))))
            {
                throw new InvalidOperationException("A record was refused.");
            }

            return new PartitionCosts(created, idle, resident, descriptors, stopped, opened, Stopwatch.GetElapsedTime(exec).TotalSeconds);
        }
    }

    /// <summary>Makes the partitions and stops the node; then <see cref="Open"/> can be called.</summary>
    public void Prepare()
    {
        using var node = start();
        node.WaitForAnswer(folder.Port, Patience);
        CreateAll(node);
        Stop(node);
    }

    /// <summary>A start of the node that holds the partitions, until all are served, and its end.</summary>
    public OpeningCosts Open()
    {
        var exec = Stopwatch.GetTimestamp();
        using var node = start();
        AwaitAll(node);
        var opened = new OpeningCosts(
            Stopwatch.GetElapsedTime(exec).TotalMilliseconds, node.ProcessorTime().TotalMilliseconds, node.ResidentKiB() / 1024.0);
        Stop(node);
        return opened;
    }

    private static void Stop(NodeProcess node)
    {
        if (!node.Stop(Patience))
        {
            throw new InvalidOperationException("The broker did not stop.");
        }
    }

    private void CreateAll(NodeProcess node)
    {
        using (var client = new FrameClient(folder.Port))
        {
            for (var topic = 0; topic < Topics; topic++)
            {
                RequestFrames.CreateTopic(client, Name(topic), PartitionsOfEach);
            }
        }

        AwaitAll(node);
    }

    private static string Name(int topic) => string.Create(CultureInfo.InvariantCulture, $"scale-{topic}");

    /// <summary>Waits until a Metadata answer names a leader for each partition and each tells where its log ends.</summary>
    private void AwaitAll(NodeProcess node)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!IsServed())
        {
            if (node.HasExited || Stopwatch.GetElapsedTime(begin) > Patience)
            {
                throw new InvalidOperationException($"The partitions were not served:\n{string.Join('\n', node.Lines)}");
            }

            Thread.Sleep(10);
        }
    }

    private bool IsServed()
    {
        try
        {
            using var client = new FrameClient(folder.Port);
            var led = RequestFrames.LedPartitions(client);
            return Enumerable.Range(0, Topics).All(topic => led.GetValueOrDefault(Name(topic)) == PartitionsOfEach)
                && Enumerable.Range(0, Topics).All(topic => RequestFrames.OpenPartitions(client, Name(topic), PartitionsOfEach) == PartitionsOfEach);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or IOException)
        {
            return false;
        }
    }
}
