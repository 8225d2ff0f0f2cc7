using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
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

    public static BenchmarkNode Start(NodeSeams? seams = null)
    {
        SocketTransport.CompleteInline();
        var folder = Directory.CreateTempSubdirectory("kafkacompat-bench-");
        var config = NodeSettings.Config(Path.Combine(folder.FullName, "data"), NodeSettings.OnFreePorts());
        return new BenchmarkNode(folder, RunningNode.Start(
            config, new DiskFileStore(), TimeProvider.System, NullLoggerFactory.Instance, seams ?? NodeSeams.None).GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        _node.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
    }
}
