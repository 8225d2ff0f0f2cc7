using System.Globalization;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>
/// Our program and Apache Kafka (or another build of ours), one after the other, with 10,000 partitions, with 10,000 idle connections and with 1,000
/// consumers that wait: how long it takes to create and to open the partitions, what they cost while nothing happens, and what a connection costs that is
/// silent.
/// </summary>
internal sealed class ScaleMeasurement(string ours, string kafkaFolder)
{
    private const int DefaultRounds = 5;
    private const double TimeTarget = 1.0 / 3;
    private const double IdleCoreTarget = 0.02;
    private const double ConnectionTargetKiB = 16;

    public static int Run(string[] args)
    {
        if (args.Length < 1)
        {
            Console.Error.WriteLine("scale KAFKACOMPAT_BINARY [KAFKA_FOLDER | BASELINE_BINARY | none] [partitions | connections | polls | opening [ROUNDS]]");
            return 1;
        }

        var kafka = args.Length > 1 ? args[1] : Environment.GetEnvironmentVariable("KAFKA_REFERENCE") ?? "../shared/kafka-4.4";
        Environment.SetEnvironmentVariable("KAFKA_HEAP_OPTS", "-Xms1G -Xmx1G");
        var measurement = new ScaleMeasurement(Path.GetFullPath(args[0]), kafka == "none" ? "" : Path.GetFullPath(kafka));
        var which = args.Length > 2 ? args[2] : "";
        var met = true;
        if (which is "" or "partitions")
        {
            met &= measurement.Partitions();
        }

        if (which is "" or "connections")
        {
            met &= measurement.Connections();
        }

        if (which is "" or "polls")
        {
            measurement.Polls();
        }

        if (which is "opening")
        {
            measurement.Opening(args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : DefaultRounds);
        }

        return met ? 0 : 1;
    }

    private bool Partitions()
    {
        var ours = Each(isOurs: true, static (node, start) => new PartitionScale(node, start).Measure());
        Console.WriteLine($"kafkacompat   {ours}");
        if (kafkaFolder.Length == 0)
        {
            return ours.IdleCore <= IdleCoreTarget;
        }

        var kafka = Each(isOurs: false, static (node, start) => new PartitionScale(node, start).Measure());
        Console.WriteLine($"{Other}  {kafka}");
        var (created, opened) = (ours.Created / kafka.Created, ours.Opened / kafka.Opened);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"created in {created:F3} of the other's time, opened in {opened:F3}, target {TimeTarget:F3}; "
            + $"idle {ours.IdleCore:P2} of a core, target {IdleCoreTarget:P0}"));
        return created <= TimeTarget && opened <= TimeTarget && ours.IdleCore <= IdleCoreTarget;
    }

    private bool Connections()
    {
        var ours = Each(isOurs: true, static (node, start) => ConnectionScale.Measure(node, start));
        Console.WriteLine($"kafkacompat   {ours}");
        if (kafkaFolder.Length > 0)
        {
            Console.WriteLine($"{Other}  {Each(isOurs: false, static (node, start) => ConnectionScale.Measure(node, start))}");
        }

        return ours.KiBPerConnection <= ConnectionTargetKiB;
    }

    private void Polls()
    {
        Console.WriteLine($"kafkacompat   {Each(isOurs: true, static (node, start) => PollScale.Measure(node, start))}");
        if (kafkaFolder.Length > 0)
        {
            Console.WriteLine($"{Other}  {Each(isOurs: false, static (node, start) => PollScale.Measure(node, start))}");
        }
    }

    /// <summary>Starts over the same partitions, in turn.</summary>
    private void Opening(int rounds)
    {
        using var ours = new ScaleFolder(Program(isOurs: true), kafkaFolder);
        using var other = new ScaleFolder(Program(isOurs: false), kafkaFolder);
        PartitionScale[] both = [new(ours.Node, ours.Start), new(other.Node, other.Start)];
        List<OpeningCosts>[] taken = [[], []];
        foreach (var node in both)
        {
            node.Prepare();
            // What comes before the measured rounds warms the page cache up.
            _ = node.Open();
        }

        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < both.Length; i++)
            {
                // Neither is always the first.
                var which = (round + i) % both.Length;
                taken[which].Add(both[which].Open());
            }

            Console.WriteLine($"round {round + 1}: kafkacompat {taken[0][^1]}; {Other} {taken[1][^1]}");
        }

        var (our, their) = (OpeningCosts.Median(taken[0]), OpeningCosts.Median(taken[1]));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"median: kafkacompat {our}; {Other} {their}\nof the other's: time {our.Ms / their.Ms:F3}, processors {our.ProcessorMs / their.ProcessorMs:F3}, "
                + $"resident {our.ResidentMiB / their.ResidentMiB:F3}"));
    }

    /// <summary>Apache Kafka, or another build of our program.</summary>
    private string Other => File.Exists(kafkaFolder) ? "the baseline" : "Apache Kafka";

    private T Each<T>(bool isOurs, Func<NodeFolder, Func<NodeProcess>, T> measure)
    {
        using var folder = new ScaleFolder(Program(isOurs), kafkaFolder);
        return measure(folder.Node, folder.Start);
    }

    /// <summary>A build of our program; null for Apache Kafka.</summary>
    private string? Program(bool isOurs) => isOurs ? ours : File.Exists(kafkaFolder) ? kafkaFolder : null;
}
