using BenchmarkDotNet.Running;
using KafkaCompat.Benchmarks.Embedded;
using KafkaCompat.Benchmarks.Load;
using KafkaCompat.Benchmarks.Recovery;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Scale;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Benchmarks.StockClients;
using KafkaCompat.Benchmarks.Throughput;
using KafkaCompat.Benchmarks.Transport;

namespace KafkaCompat.Benchmarks;

/// <summary>
/// <c>start BINARY</c> compares start and memory with Apache Kafka, <c>transport</c> measures the socket transport alone,
/// <c>requests</c> prints bytes allocated a request by produce and fetch; <c>commits</c> offsets committed a second; <c>turns</c> what 3,000 new
/// partitions keep waiting; <c>throughput</c> what a node takes in and gives out;
/// <c>load BINARY</c> the same load on Apache Kafka and on us; <c>embedded</c>
/// how long a broker within a process takes to start; <c>recovery BINARY</c> how long both take to open 3 GB after a kill;
/// <c>stock BINARY</c> what Kafka's own perf tools cost both;
/// <c>scale BINARY</c> 10,000 partitions, 10,000 idle connections and 1,000 waiting consumers on both; everything else goes to BenchmarkDotNet.
/// </summary>
internal static class Program
{
    private const string Usage = """
        start BINARY [KAFKA_FOLDER] [RUNS]                     start and idle memory against Apache Kafka; BINARY is a file that exists
        load BINARY [KAFKA_FOLDER|BASELINE_BINARY] [ROUNDS] …  the same load on both in turn
        recovery BINARY [KAFKA_FOLDER] [GIB] [ROUNDS]          a directory after a kill, opened by both
        stock BINARY [KAFKA_FOLDER|BASELINE_BINARY] [ROUNDS]   Kafka's own perf tools on both in turn
        scale BINARY [KAFKA_FOLDER|BASELINE_BINARY] [partitions|connections|polls|opening [ROUNDS]]
        transport | requests | commits | turns | throughput | embedded
                                                               parts of this program alone
        --filter PATTERN, --list flat, …                       BenchmarkDotNet's: codecs, batches, append, read
        """;

    public static int Main(string[] args) => args switch
    {
        ["start", var binary, ..] when File.Exists(binary) => StartMeasurement.Run(args[1..]),
        ["load", var binary, ..] when File.Exists(binary) => LoadMeasurement.Run(args[1..]),
        ["recovery", var binary, ..] when File.Exists(binary) => RecoveryMeasurement.Run(args[1..]),
        ["stock", var binary, ..] when File.Exists(binary) => StockClientMeasurement.Run(args[1..]),
        ["scale", var binary, ..] when File.Exists(binary) => ScaleMeasurement.Run(args[1..]),
        ["transport", .. var how] => TransportMeasurement.Run(how),
        ["requests"] => RequestMeasurement.Run(),
        ["commits"] => CommitMeasurement.Run(),
        ["turns"] => TurnMeasurement.Run(),
        ["throughput"] => ThroughputMeasurement.Run(),
        ["embedded"] => EmbeddedMeasurement.Run(),
        [['-', ..] and not ("--help" or "-h"), ..] => RunBenchmarks(args),
        _ => ShowUsage(),
    };

    private static int RunBenchmarks(string[] args)
    {
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }

    private static int ShowUsage()
    {
        Console.Error.WriteLine(Usage);
        return 1;
    }
}
