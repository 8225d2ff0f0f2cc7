using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>
/// The same load on our program and on Apache Kafka with a heap of 1 GB, in turn, in one run: throughput, the broker's processor time, latency and memory. A
/// round before the first warms both up and is not counted. Who goes second finds other pages and another cache, which is worth up to a seventh: each goes
/// first in half of the rounds, and the ratio is the geometric mean of theirs. Where a program is named instead of Kafka's folder it is
/// another build of ours, and the ratios say what a change did. <c>full</c> measures with a full page cache, as it is on a machine that has run for days; what
/// was written stays until the end then, for deleting it would free the pages: two rounds take some tens of GB of disk. <c>pinned</c> gives the programs one
/// processor and this driver another: rounds of single records differ by 2 % then, and by a tenth where driver and programs push one another about.
/// </summary>
internal sealed class LoadMeasurement(string ours, string other, string only, bool isFull, bool isPinned, string[] ourOverrides)
{
    private const string Only = "only=";
    private const string Full = "full";
    private const string Pinned = "pinned";
    private const int DriversProcessor = 1;
    private const string FetchName = "fetch";

    // Records of the frames bear the time of no clock: retention by time, first looked at half a minute after the start, would delete them under the fetches.
    private const string Settings = "log.segment.delete.delay.ms=1000\nlog.retention.ms=-1";
    private const int SingleRecordConnections = 16;
    private const int PacedRequestsPerSecond = 2_000;

    // What takes Apache Kafka about four seconds on two cores.
    private const int SmallBatches = 40_000;
    private const int SmallFetches = 80_000;
    private const int LargeBatches = 3_000;
    private const int LargeFetches = 16_000;
    private const int SingleRecords = 160_000;
    private const int PacedRequests = 16_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly Workload[] Workloads =
    [
        new("produce, 64 KiB batches of 1 KiB", 2, 5, SmallBatches, 0, static (topic, index) => [RequestFrames.Produce(topic, index, 64, 1024, acks: -1)]),
        new("fetch, 64 KiB at a time", 2, 2, SmallFetches, 0, static (topic, index) => FetchFrames(topic, index, 64)),
        new("produce, 1 MiB batches of 1 KiB", 2, 5, LargeBatches, 0, static (topic, index) => [RequestFrames.Produce(topic, index, 1000, 1024, acks: -1)]),
        new("fetch, 1 MiB at a time", 2, 2, LargeFetches, 0, static (topic, index) => FetchFrames(topic, index, 1000)),
        new("produce, single records of 1 KiB", SingleRecordConnections, 5, SingleRecords, 0,
            static (topic, index) => [RequestFrames.Produce(topic, index, 1, 1024, acks: -1)]),
        new("produce, single records, fixed rate", SingleRecordConnections, 1, PacedRequests, PacedRequestsPerSecond,
            static (topic, index) => [RequestFrames.Produce(topic, index, 1, 1024, acks: -1)]),
    ];

    public static int Run(string[] args)
    {
        if (args.Length < 1)
        {
            Console.Error.WriteLine(
                "load KAFKACOMPAT_BINARY [KAFKA_FOLDER|BASELINE_BINARY] [ROUNDS] [only=TEXT] [full] [pinned] [key=value…]: an even number of rounds; loads "
                    + "whose name holds the text, the page cache full, the programs on processor 0; the last are settings of the first binary alone");
            return 1;
        }

        var kafka = args.Length > 1 ? args[1] : Environment.GetEnvironmentVariable("KAFKA_REFERENCE") ?? "../shared/kafka-4.4";
        var rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 4;
        Environment.SetEnvironmentVariable("KAFKA_HEAP_OPTS", "-Xms1G -Xmx1G");
        return new LoadMeasurement(
            Path.GetFullPath(args[0]),
            Path.GetFullPath(kafka),
            args.FirstOrDefault(static arg => arg.StartsWith(Only, StringComparison.Ordinal))?[Only.Length..] ?? "",
            args.Contains(Full),
            args.Contains(Pinned),
            args.Skip(3).Where(static arg => arg.Contains('=', StringComparison.Ordinal) && !arg.StartsWith(Only, StringComparison.Ordinal)).ToArray())
                .Compare(rounds + (rounds % 2));
    }

    /// <summary>
    /// 100 places in the log that the produce workload before it has written in batches of <paramref name="records"/> records of 1 KiB, a batch apart.
    /// </summary>
    private static List<byte[]> FetchFrames(string topic, int partition, int records) =>
        [.. Enumerable.Range(0, 100).Select(batch => RequestFrames.Fetch(topic, partition, maxBytes: records * 1048, offset: batch * records))];

    private int Compare(int rounds)
    {
        if (isPinned && OperatingSystem.IsLinux())
        {
            using var driver = Process.GetCurrentProcess();
            driver.ProcessorAffinity = 1 << DriversProcessor;
        }

        var folder = Directory.CreateTempSubdirectory("kafkacompat-load-");
        try
        {
            var isKafka = Directory.Exists(other);
            var (ourHttp, otherHttp) = (NodeFolder.FreePort(), NodeFolder.FreePort());
            var ourFolder = NodeFolder.Create(folder.CreateSubdirectory("ours").FullName, $"{Settings}\n{HeapProbe.Setting(ourHttp)}");
            var kafkaNode = NodeFolder.Create(folder.CreateSubdirectory("other").FullName, isKafka ? Settings : $"{Settings}\n{HeapProbe.Setting(otherHttp)}");
            if (isKafka)
            {
                kafkaNode.FormatByKafka(other);
            }

            using var ourNode = Start(ours, [ourFolder.File, .. ourOverrides.SelectMany(static setting => new[] { "--override", setting })], ourFolder);
            using var otherNode = isKafka
                ? Start("bash", [NodeFolder.Runner(other), "kafka-server-start", kafkaNode.File], kafkaNode)
                : Start(other, [kafkaNode.File], kafkaNode);
            var (our, kafka) = (ourNode.Process, otherNode.Process);
            using var ourHeap = new HeapProbe(ourHttp);
            using var otherHeap = isKafka ? null : new HeapProbe(otherHttp);
            using var cache = isFull ? new PageCache(folder.FullName) : null;
            var workloads = Wanted().ToArray();
            var taken = workloads.ToDictionary(static workload => workload, static _ => (Ours: new List<Sample>(), Kafka: new List<Sample>()));
            for (var round = 0; round <= rounds; round++)
            {
                if (round % 2 == 0)
                {
                    RoundOfOurs();
                    RoundOfOther();
                }
                else
                {
                    RoundOfOther();
                    RoundOfOurs();
                }

                void RoundOfOurs() => Round(round, workloads, our, ourFolder.Port, ourHeap, cache, (workload, sample) => taken[workload].Ours.Add(sample));
                void RoundOfOther() =>
                    Round(round, workloads, kafka, kafkaNode.Port, otherHeap, cache, (workload, sample) => taken[workload].Kafka.Add(sample));
            }

            foreach (var (workload, (oursTaken, kafkaTaken)) in taken)
            {
                var (a, b) = (Sample.Median(oursTaken), Sample.Median(kafkaTaken));
                Console.WriteLine($"{workload.Name}\n  kafkacompat   {a}\n  {(isKafka ? "Apache Kafka" : "baseline    ")}  {b}");
                Console.WriteLine($"  {Sample.Compare(oursTaken, kafkaTaken)}; p99 {a.P99 / b.P99:F2}");
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"memory at the end: {our.ResidentKiB() / 1024} MiB resident ({our.PrivateKiB() / 1024} of its own) against {kafka.ResidentKiB() / 1024} "
                    + $"({kafka.PrivateKiB() / 1024}): {(double)our.ResidentKiB() / kafka.ResidentKiB():F3}"));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private StartedNode Start(string program, string[] arguments, NodeFolder node) => isPinned
        ? StartedNode.Answering("taskset", ["-c", "0", program, .. arguments], node, Patience)
        : StartedNode.Answering(program, arguments, node, Patience);

    /// <summary>The loads that were asked for, and before a fetch the one that writes what it reads.</summary>
    private IEnumerable<Workload> Wanted()
    {
        for (var i = 0; i < Workloads.Length; i++)
        {
            if (IsWanted(Workloads[i]) || (i + 1 < Workloads.Length && IsFetch(Workloads[i + 1]) && IsWanted(Workloads[i + 1])))
            {
                yield return Workloads[i];
            }
        }
    }

    private bool IsWanted(Workload workload) => workload.Name.Contains(only, StringComparison.OrdinalIgnoreCase);

    private static bool IsFetch(Workload workload) => workload.Name.StartsWith(FetchName, StringComparison.Ordinal);

    private static void Round(int round, Workload[] workloads, NodeProcess node, int port, HeapProbe? heap, PageCache? cache, Action<Workload, Sample> keep)
    {
        var topic = "";
        using var client = new FrameClient(port);
        foreach (var workload in workloads)
        {
            if (!IsFetch(workload))
            {
                Drop();

                topic = $"load-{round}-{Array.IndexOf(Workloads, workload)}";
                RequestFrames.CreateTopic(client, topic, workload.Connections);
            }

            if (!IsFetch(workload))
            {
                FreeMemory.Touch();
            }

            cache?.Fill();
            var allocated = heap?.AllocatedBytes() ?? double.NaN;
            var before = node.ProcessorTime();
            var outcome = workload.Run(port, topic);
            if (round > 0)
            {
                var used = node.ProcessorTime() - before;
                keep(workload, new Sample(outcome, used, (heap?.AllocatedBytes() ?? double.NaN) - allocated));
            }
        }

        Drop();

        void Drop()
        {
            if (topic.Length > 0 && cache is null)
            {
                RequestFrames.DeleteTopic(client, topic);
            }
        }
    }
}
