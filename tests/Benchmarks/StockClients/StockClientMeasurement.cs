using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.StockClients;

/// <summary>
/// Kafka's own <c>kafka-producer-perf-test</c> and <c>kafka-consumer-perf-test</c> against our program and Apache Kafka (or another build of ours) in turn, in
/// one run: the broker's processor time with the frames that a stock client sends, which come in pieces and are not made beforehand. Each round is printed;
/// the third and later ones count, because Apache Kafka is warm by then.
/// </summary>
internal sealed class StockClientMeasurement(string ours, string other, string tools, int rounds)
{
    // A topic lives for a round: what it takes of the disk is given back at once.
    private const string Settings = "log.segment.delete.delay.ms=1000";
    private const int Partitions = 4;
    private const int Records = 2_000_000;
    private const int RecordBytes = 1024;
    private const int DefaultRounds = 3;
    private const double Gigabytes = (double)Records * RecordBytes / 1e9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static int Run(string[] args)
    {
        var kafka = Environment.GetEnvironmentVariable("KAFKA_REFERENCE") ?? "../shared/kafka-4.4";
        var rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : DefaultRounds;
        Environment.SetEnvironmentVariable("KAFKA_HEAP_OPTS", "-Xms1G -Xmx1G");
        var other = args.Length > 1 ? args[1] : kafka;
        return new StockClientMeasurement(Path.GetFullPath(args[0]), Path.GetFullPath(other), Path.GetFullPath(kafka), rounds).Compare();
    }

    private int Compare()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-stock-");
        try
        {
            var isKafka = Directory.Exists(other);
            using var our = StartedNode.Of(ours, folder.CreateSubdirectory("ours").FullName, Settings, Patience);
            using var second = isKafka
                ? StartedNode.OfKafka(other, folder.CreateSubdirectory("other").FullName, Settings, Patience)
                : StartedNode.Of(other, folder.CreateSubdirectory("other").FullName, Settings, Patience);
            for (var round = 1; round <= rounds; round++)
            {
                var (a, b) = (Round(our, round), Round(second, round));
                Console.WriteLine($"round {round}\n  kafkacompat   {a}\n  {(isKafka ? "Apache Kafka" : "baseline    ")}  {b}\n  {a.Against(b)}");
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Costs Round(StartedNode node, int round)
    {
        var topic = string.Create(CultureInfo.InvariantCulture, $"stock-{round}");
        var server = string.Create(CultureInfo.InvariantCulture, $"localhost:{node.Port}");
        var records = Records.ToString(CultureInfo.InvariantCulture);
        using var client = new FrameClient(node.Port);
        RequestFrames.CreateTopic(client, topic, Partitions);
        var produce = Cost(
            node, "kafka-producer-perf-test", "--topic", topic, "--num-records", records, "--record-size", RecordBytes.ToString(CultureInfo.InvariantCulture),
            "--throughput", "-1", "--bootstrap-server", server, "--command-property", "batch.size=131072", "acks=all");
        var consume = Cost(node, "kafka-consumer-perf-test", "--topic", topic, "--num-records", records, "--bootstrap-server", server);
        RequestFrames.DeleteTopic(client, topic);
        return new Costs(produce, consume);
    }

    /// <summary>The broker's processor time while one of Kafka's tools runs, and how long that takes.</summary>
    private Cost Cost(StartedNode node, params string[] tool)
    {
        var (before, began) = (node.Process.ProcessorTime(), Stopwatch.GetTimestamp());
        using var run = Process.Start(
            new ProcessStartInfo("bash", [NodeFolder.Runner(tools), .. tool]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        run.WaitForExit();
        return run.ExitCode == 0
            ? new Cost((node.Process.ProcessorTime() - before).TotalSeconds / Gigabytes, Stopwatch.GetElapsedTime(began).TotalSeconds)
            : throw new InvalidOperationException($"{tool[0]} ended with {run.ExitCode}:\n{output.Result}{errors.Result}");
    }
}

/// <summary>What a tool cost the broker: its processor's seconds a GB, and the seconds until the tool had ended, its own start among them.</summary>
internal sealed record Cost(double ProcessorSecondsPerGigabyte, double Seconds)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ProcessorSecondsPerGigabyte:F2} CPU s/GB, {Seconds:F1} s");
}

/// <summary>A round's costs.</summary>
internal sealed record Costs(Cost Produce, Cost Consume)
{
    public string Against(Costs other) => string.Create(
        CultureInfo.InvariantCulture,
        $"produce {other.Produce.ProcessorSecondsPerGigabyte / Produce.ProcessorSecondsPerGigabyte:F2} times the MB a CPU second, "
            + $"consume {other.Consume.ProcessorSecondsPerGigabyte / Consume.ProcessorSecondsPerGigabyte:F2} times");

    public override string ToString() => $"produce {Produce}; consume {Consume}";
}
