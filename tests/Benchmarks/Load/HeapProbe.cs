using System.Globalization;

namespace KafkaCompat.Benchmarks.Load;

/// <summary>Asks a node of ours at its <c>/metrics</c> how many bytes it has allocated on its heap so far. Apache Kafka's process does not tell.</summary>
internal sealed class HeapProbe(int port) : IDisposable
{
    private const string Metric = "dotnet_gc_heap_total_allocated_bytes_total ";

    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    /// <summary>The setting with which a node answers at <paramref name="port"/>.</summary>
    public static string Setting(int port) => $"kafkacompat.http.listener=127.0.0.1:{port}";

    public double AllocatedBytes()
    {
        var line = _client.GetStringAsync("/metrics").GetAwaiter().GetResult().Split('\n')
            .FirstOrDefault(static line => line.StartsWith(Metric, StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[Metric.Length..], CultureInfo.InvariantCulture);
    }

    public void Dispose() => _client.Dispose();
}
