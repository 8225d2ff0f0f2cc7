using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>What docs/operations.md says of topics that were set aside: they come back with the metadata that knows them, and nothing is lost.</summary>
public sealed class StrayFoldersTests
{
    private const string Metadata = "/data/__cluster_metadata-0";

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task A_stray_comes_back_with_its_metadata_and_its_name()
    {
        await using (await Start()) { }
        CopyFolder(Metadata, "/old");
        await using (var node = await Start())
        {
            await Create(node, "t");
            Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(10)));
        }
        CopyFolder(Metadata, "/new");

        // The metadata is lost, and a topic takes the name.
        Replace(Metadata, "/old");
        var lines = new RecordedLines(LogLevel.Warning);
        await using (var node = await Start(lines))
        {
            await Create(node, "t");
            Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(3)));
        }
        var stray = Assert.Single(_files.List("/data"), static entry => entry.Name.EndsWith("-stray", StringComparison.Ordinal)).Name;
        Assert.Equal(
            $"The folder /data/{stray} was set aside, because it belongs to no partition of this node. It is kept. If the metadata has lost its topic, "
                + "stop the node, and put back a copy of the metadata that knows it; \"Topics that were set aside\" in the operations guide has the steps.",
            Assert.Single(lines.Lines, IsOfStrays));

        Replace(Metadata, "/new");
        _files.Rename("/data/t-0", "/moved");
        _files.Rename("/data/" + stray, "/data/t-0");
        _files.Delete("/data/.kafka_cleanshutdown");
        foreach (var checkpoint in (string[])["recovery-point", "replication", "log-start"]) _files.Delete($"/data/{checkpoint}-offset-checkpoint");
        lines = new RecordedLines(LogLevel.Warning);
        await using (var node = await Start(lines)) Assert.Equal(10, await Records.Send(Connect(node), "t", Records.Batch(1)));
        Assert.DoesNotContain(lines.Lines, IsOfStrays);
    }

    private static bool IsOfStrays(string line) => line.Contains("was set aside", StringComparison.Ordinal);

    private void Replace(string folder, string copy)
    {
        _files.DeleteFolder(folder);
        CopyFolder(copy, folder);
    }

    private void CopyFolder(string from, string to)
    {
        _files.CreateFolder(to);
        foreach (var entry in _files.List(from)) _files.WriteAtomically($"{to}/{entry.Name}", _files.ReadAllBytes($"{from}/{entry.Name}"));
    }

    private Task<BrokerNode> Start(RecordedLines? lines = null) =>
        BrokerNode.StartAsync(TestNode.ConfigOf(("log.dirs", "/data")), _files, TimeProvider.System, new Random(5), lines ?? new(LogLevel.Critical));

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task Create(BrokerNode node, string topic)
    {
        var request = new CreateTopicsRequest { Topics = { new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 } }, TimeoutMs = 120_000 };
        Assert.Equal(ErrorCode.None, (await Connect(node).Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
    }
}
