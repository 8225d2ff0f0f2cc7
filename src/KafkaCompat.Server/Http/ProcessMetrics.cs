using KafkaCompat.Broker.Metrics;
using KafkaCompat.Server.Surroundings;

namespace KafkaCompat.Server.Http;

/// <summary>The process itself, as far as the runtime's own meter does not measure it.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    public const string Name = "KafkaCompat.Process";

    /// <summary>The meter in which .NET measures its collector, its threads, processor time and memory.</summary>
    public const string RuntimeMeter = "System.Runtime";

    private const string FilesOfProcess = "/proc/self/fd";

    private readonly DateTimeOffset? _start = ProcessTimes.Start;

    public ProcessMetrics()
    {
        Metrics.Gauge("process.start.time", "s", [], "When the process started, in seconds since 1970.", "java.lang:type=Runtime (StartTime)",
            () => _start is { } start ? [MetricSet.Series(start.ToUnixTimeSeconds())] : []);
        Metrics.Gauge("process.open.files", "{file}", [], "Files and sockets that are open; only where the system says.",
            "java.lang:type=OperatingSystem (OpenFileDescriptorCount)",
            static () => OpenFiles() is { } open ? [MetricSet.Series(open)] : []);
    }

    public MetricSet Metrics { get; } = new(Name);

    public void Dispose() => Metrics.Dispose();

    private static long? OpenFiles()
    {
        try
        {
            // One of them is the folder that is being read.
            return Directory.Exists(FilesOfProcess) ? Directory.EnumerateFileSystemEntries(FilesOfProcess).LongCount() - 1 : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
