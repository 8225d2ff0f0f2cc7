using KafkaCompat.Benchmarks.Start;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Benchmarks.Scale;

/// <summary>A folder of one node's own, which goes with it.</summary>
internal sealed class ScaleFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-scale-");
    private readonly string? _program;
    private readonly string _kafkaFolder;

    /// <param name="program">A build of our program; null for Apache Kafka.</param>
    /// <param name="kafkaFolder">Where Apache Kafka is.</param>
    public ScaleFolder(string? program, string kafkaFolder)
    {
        (_program, _kafkaFolder) = (program, kafkaFolder);
        Node = NodeFolder.Create(_folder.FullName);
        if (program is null)
        {
            Node.FormatByKafka(kafkaFolder);
        }
    }

    public NodeFolder Node { get; }

    public NodeProcess Start() => _program is not null
        ? new NodeProcess(_program, [Node.File], _folder.FullName)
        : new NodeProcess("bash", [NodeFolder.Runner(_kafkaFolder), "kafka-server-start", Node.File], _folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);
}
