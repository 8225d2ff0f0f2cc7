using System.Diagnostics;
using System.Globalization;
using KafkaCompat.Testing;

namespace KafkaCompat.Benchmarks.Embedded;

/// <summary>How long a broker of KafkaCompat.Testing takes to start in a process that has started some before, alone and twenty at once.</summary>
internal static class EmbeddedMeasurement
{
    private const int WarmUps = 20;
    private const int Starts = 200;
    private const int AtOnce = 20;
    private const int Rounds = 10;

    public static int Run()
    {
        var first = Stopwatch.GetTimestamp();
        KafkaCompatBroker.Start().Dispose();
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"first start and stop of the process: {Stopwatch.GetElapsedTime(first).TotalMilliseconds:F1} ms"));
        foreach (var storage in new[] { BrokerStorage.Memory, BrokerStorage.TemporaryDirectory })
        {
            for (var i = 0; i < WarmUps; i++) KafkaCompatBroker.Start(new() { Storage = storage }).Dispose();
            Measure(storage).GetAwaiter().GetResult();
        }

        return 0;
    }

    private static async Task Measure(BrokerStorage storage)
    {
        var options = new KafkaCompatBrokerOptions { Storage = storage };
        var (starts, stops) = (new List<double>(), new List<double>());
        for (var i = 0; i < Starts; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var broker = await KafkaCompatBroker.StartAsync(options);
            starts.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            began = Stopwatch.GetTimestamp();
            await broker.DisposeAsync();
            stops.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        Print($"{storage}: start", starts);
        Print($"{storage}: stop", stops);
        var together = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var brokers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => KafkaCompatBroker.StartAsync(options)));
            together.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            foreach (var broker in brokers) await broker.DisposeAsync();
        }

        Print($"{storage}: {AtOnce} in parallel, until the last", together);
    }

    private static void Print(string what, List<double> ms)
    {
        ms.Sort();
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{what}: median {ms[ms.Count / 2]:F1} ms, p95 {ms[(int)(ms.Count * 0.95)]:F1} ms ({ms.Count} times)"));
    }
}
