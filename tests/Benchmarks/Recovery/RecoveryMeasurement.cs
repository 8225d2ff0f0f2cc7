using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using KafkaCompat.Benchmarks.Load;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Recovery;

/// <summary>
/// Recovery beside Apache Kafka: both open one directory in turn, whose recovery points and clean marker are taken away before each start, as a kill may leave
/// it, so that every batch is read and checked. Once with one recovery thread and once with two. What each says in its own log (how long it loaded logs), the
/// time from the start of the process to its first answer, and the processor time until then.
/// </summary>
internal sealed partial class RecoveryMeasurement(string ours, string kafkaFolder, long bytes, int rounds)
{
    private const int Partitions = 4;
    private const int RecordsOfABatch = 64;
    private const int RecordBytes = 1024;
    private const long DefaultBytes = 3L << 30;
    private const int DefaultRounds = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static int Run(string[] args)
    {
        var kafka = args.Length > 1 ? args[1] : Environment.GetEnvironmentVariable("KAFKA_REFERENCE") ?? "../shared/kafka-4.4";
        var bytes = args.Length > 2 ? (long)(double.Parse(args[2], CultureInfo.InvariantCulture) * (1L << 30)) : DefaultBytes;
        var rounds = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : DefaultRounds;
        Environment.SetEnvironmentVariable("KAFKA_HEAP_OPTS", "-Xms1G -Xmx1G");
        return new RecoveryMeasurement(Path.GetFullPath(args[0]), Path.GetFullPath(kafka), bytes, rounds).Compare();
    }

    private int Compare()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-recovery-");
        try
        {
            var node = NodeFolder.Create(folder.FullName, "log.retention.ms=-1");
            node.FormatByKafka(kafkaFolder);
            Environment.SetEnvironmentVariable("KAFKA_LOG_LEVEL", "INFO");
            Fill(node);
            var worst = 0.0;
            foreach (var threads in (int[])[1, 2])
            {
                var (our, kafka) = (new List<Opening>(), new List<Opening>());
                // The first of each only warms the page cache and the disk.
                for (var round = 0; round <= rounds; round++)
                {
                    var (a, b) = (Open(node, threads, isKafka: false), Open(node, threads, isKafka: true));
                    if (round > 0)
                    {
                        our.Add(a);
                        kafka.Add(b);
                    }
                }

                var (ourMedian, kafkaMedian) = (Median(our), Median(kafka));
                Console.WriteLine(
                    $"{threads} recovery thread{(threads == 1 ? "" : "s")}, {Partitions} partitions, {bytes >> 20} MiB\n  kafkacompat   {ourMedian}\n  Apache "
                    + $"Kafka  {kafkaMedian}\n  {ourMedian.Against(kafkaMedian)}");
                worst = Math.Max(worst, ourMedian.Loaded / kafkaMedian.Loaded);
            }

            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"logs are loaded in {worst:F2} of Apache Kafka's time at most; half of it is promised"));
            return worst <= 0.5 ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Fill(NodeFolder node)
    {
        using var process = new NodeProcess(ours, [node.File], Path.GetDirectoryName(node.File)!);
        process.WaitForAnswer(node.Port, Patience);
        using (var client = new FrameClient(node.Port))
        {
            RequestFrames.CreateTopic(client, "recovery", Partitions);
        }

        var fill = new Workload("fill", Partitions, 5, (int)(bytes / (RecordsOfABatch * RecordBytes)), 0,
            static (topic, index) => [RequestFrames.Produce(topic, index, RecordsOfABatch, RecordBytes, acks: -1)]);
        _ = fill.Run(node.Port, "recovery");
        process.Stop(Patience);
    }

    private Opening Open(NodeFolder node, int threads, bool isKafka)
    {
        var folder = Path.GetDirectoryName(node.File)!;
        File.Delete(Path.Combine(folder, "data", ".kafka_cleanshutdown"));
        File.Delete(Path.Combine(folder, "data", "recovery-point-offset-checkpoint"));
        var settings = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"threads-{threads}.properties"));
        File.WriteAllText(settings, string.Create(CultureInfo.InvariantCulture, $"{File.ReadAllText(node.File)}num.recovery.threads.per.data.dir={threads}\n"));
        var began = Stopwatch.GetTimestamp();
        using var process = isKafka
            ? new NodeProcess("bash", [NodeFolder.Runner(kafkaFolder), "kafka-server-start", settings], folder)
            : new NodeProcess(ours, [settings], folder);
        process.WaitForAnswer(node.Port, Patience);
        var answered = Stopwatch.GetElapsedTime(began);
        var processor = process.ProcessorTime();
        process.Stop(Patience);
        var said = process.Lines.Where(static line => line is not null).Select(static line => Loaded().Match(line!))
            .FirstOrDefault(static match => match.Success);
        return new Opening(
            said is null
                ? throw new InvalidOperationException($"Nothing was said of logs:\n{string.Join('\n', process.Lines)}")
                : double.Parse(said.Groups["ms"].Value, CultureInfo.InvariantCulture),
            answered.TotalMilliseconds,
            processor.TotalMilliseconds);
    }

    private static Opening Median(List<Opening> openings) =>
        new(Middle(openings, static one => one.Loaded), Middle(openings, static one => one.Answered), Middle(openings, static one => one.Processor));

    private static double Middle(List<Opening> openings, Func<Opening, double> of) => openings.Select(of).Order().ElementAt(openings.Count / 2);

    /// <summary>"Loaded 54 logs in 1234ms" there, "The logs were opened in 1234 ms" here.</summary>
    [GeneratedRegex("logs (were opened )?in (?<ms>[0-9]+) ?ms")]
    private static partial Regex Loaded();

    /// <summary>Milliseconds: in which logs were loaded, until the first answer, of processors until then.</summary>
    private sealed record Opening(double Loaded, double Answered, double Processor)
    {
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"logs loaded in {Loaded:F0} ms, first answer after {Answered:F0} ms, {Processor:F0} ms of processors");

        public string Against(Opening other) =>
            string.Create(CultureInfo.InvariantCulture,
                $"{Loaded / other.Loaded:F2} of the time to load, {Answered / other.Answered:F2} to the first answer, {Processor / other.Processor:F2} of the "
                + $"processors");
    }
}
