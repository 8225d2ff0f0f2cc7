using BenchmarkDotNet.Running;
using KafkaCompat.Benchmarks.Embedded;
using KafkaCompat.Benchmarks.Load;
using KafkaCompat.Benchmarks.Requests;
using KafkaCompat.Benchmarks.Scale;
using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Benchmarks.Throughput;
using KafkaCompat.Benchmarks.Transport;

namespace KafkaCompat.Benchmarks;

/// <summary>
/// <c>start BINARY</c> compares start and memory with Apache Kafka, <c>transport</c> measures the socket transport alone,
/// <c>requests</c> prints bytes allocated a request by produce and fetch; <c>throughput</c> what
/// a node takes in and gives out; <c>load BINARY</c> the same load on Apache Kafka and on us; <c>embedded</c>
/// how long a broker within a process takes to start;
/// <c>scale BINARY</c> 10,000 partitions, 10,000 idle connections and 1,000 waiting consumers on both; everything else goes to BenchmarkDotNet.
/// </summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        if (args is ["start", .. var rest])
        {
            return StartMeasurement.Run(rest);
        }

        if (args is ["transport", .. var how])
        {
            return TransportMeasurement.Run(how);
        }

        if (args is ["requests"])
        {
            return RequestMeasurement.Run();
        }

        if (args is ["throughput"])
        {
            return ThroughputMeasurement.Run();
        }

        if (args is ["load", .. var which])
        {
            return LoadMeasurement.Run(which);
        }

        if (args is ["scale", .. var what])
        {
            return ScaleMeasurement.Run(what);
        }

        if (args is ["embedded"])
        {
            return EmbeddedMeasurement.Run();
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
