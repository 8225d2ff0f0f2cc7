using BenchmarkDotNet.Running;
using KafkaCompat.Benchmarks.Start;

namespace KafkaCompat.Benchmarks;

/// <summary>
/// <c>start BINARY</c> compares start and memory with Apache Kafka; everything else goes to BenchmarkDotNet.
/// </summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        if (args is ["start", .. var rest])
        {
            return StartMeasurement.Run(rest);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
