using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Start;

/// <summary>
/// Side by side with Apache Kafka: from exec to the first Metadata answer that lists a broker, and resident memory of the idle broker. Both
/// start on a formatted, empty directory with both roles and their default settings, in turn, and the medians are compared.
/// </summary>
internal sealed class StartMeasurement(string ours, string kafkaFolder)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static int Run(string[] args)
    {
        if (args.Length < 1)
        {
            Console.Error.WriteLine("start KAFKACOMPAT_BINARY [KAFKA_FOLDER] [RUNS]: see measure-start.sh");
            return 1;
        }

        var kafka = args.Length > 1 ? args[1] : Environment.GetEnvironmentVariable("KAFKA_REFERENCE") ?? "../shared/kafka-4.4";
        var runs = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 3;
        return new StartMeasurement(Path.GetFullPath(args[0]), Path.GetFullPath(kafka)).Compare(runs);
    }

    private int Compare(int runs)
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-start-");
        try
        {
            var ourConfig = NodeFolder.Create(folder.CreateSubdirectory("ours").FullName);
            var kafkaConfig = NodeFolder.Create(folder.CreateSubdirectory("kafka").FullName);
            kafkaConfig.FormatByKafka(kafkaFolder);
            var first = Measure(ours, [ourConfig.File], ourConfig, TimeSpan.Zero);
            Console.WriteLine($"kafkacompat, first start on an empty directory: {first.Ms} ms");
            var oursTaken = new List<Taken>();
            var kafkaTaken = new List<Taken>();
            for (var run = 0; run < runs; run++)
            {
                oursTaken.Add(Measure(ours, [ourConfig.File], ourConfig, Idle));
                kafkaTaken.Add(Measure("bash", [NodeFolder.Runner(kafkaFolder), "kafka-server-start", kafkaConfig.File], kafkaConfig, Idle));
                Console.WriteLine($"run {run + 1}: kafkacompat {oursTaken[^1]}; Apache Kafka {kafkaTaken[^1]}");
            }

            var (startRatio, memoryRatio) = (
                (double)Median(oursTaken, static t => t.Ms) / Median(kafkaTaken, static t => t.Ms),
                (double)Median(oursTaken, static t => t.ResidentKiB) / Median(kafkaTaken, static t => t.ResidentKiB));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"exec to first Metadata answer: {startRatio:F4} of Apache Kafka's, target 0.1"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idle resident memory: {memoryRatio:F4} of Apache Kafka's, target 0.125"));
            return startRatio <= 0.1 && memoryRatio <= 0.125 ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Taken Measure(string program, string[] arguments, NodeFolder config, TimeSpan idle)
    {
        var begin = Stopwatch.GetTimestamp();
        using var node = new NodeProcess(program, arguments, Path.GetDirectoryName(config.File)!);
        node.WaitForAnswer(config.Port, Patience);
        var ms = (long)Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        Thread.Sleep(idle);
        return new Taken(ms, node.ResidentKiB(), node.PrivateKiB());
    }

    private static long Median(List<Taken> taken, Func<Taken, long> of) => taken.Select(of).Order().ElementAt(taken.Count / 2);

    private sealed record Taken(long Ms, long ResidentKiB, long PrivateKiB)
    {
        public override string ToString() => $"{Ms} ms, {ResidentKiB / 1024} MiB resident ({PrivateKiB / 1024} MiB of its own)";
    }
}
