using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace KafkaCompat.Benchmarks.Requests;

/// <summary>A node in this process on a folder of its own and a port that the system chose.</summary>
internal sealed class BenchmarkNode : IDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly RunningNode _node;

    private BenchmarkNode(DirectoryInfo folder, RunningNode node)
    {
        _folder = folder;
        _node = node;
    }

    public int Port => _node.Config.Listeners.OfBroker.First().Port;

    public static BenchmarkNode Start()
    {
        SocketTransport.CompleteInline();
        var folder = Directory.CreateTempSubdirectory("kafkacompat-bench-");
        var config = ServerConfig.Create(
            new Dictionary<string, string>
            {
                ["process.roles"] = "broker,controller",
                ["node.id"] = "1",
                ["listeners"] = "PLAINTEXT://localhost:0,CONTROLLER://localhost:0",
                ["controller.listener.names"] = "CONTROLLER",
                ["controller.quorum.bootstrap.servers"] = "localhost:9093",
                // The records of the frames bear a time years ago.
                ["log.retention.ms"] = "-1",
                ["log.dirs"] = Path.Combine(folder.FullName, "data"),
            },
            "localhost");
        return new BenchmarkNode(folder, RunningNode.Start(config, NullLoggerFactory.Instance).GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        _node.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
    }
}
