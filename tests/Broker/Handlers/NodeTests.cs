using KafkaCompat.Broker.Tests.Connections;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Tests of a node of their own, which has one topic, and of a client that is connected to it.</summary>
public abstract class NodeTests(string topic, int partitions = 1, params (string Name, string Value)[] settings) : IAsyncLifetime
{
    private protected TestNode Node { get; private set; } = null!;

    private protected MemoryClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Node = TestNode.Start(settings: settings);
        Client = Node.Connect();
        _ = await Node.CreateTopic(topic, partitions);
        await Prepare();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Node.DisposeAsync();
    }

    /// <summary>What a class does with the node before each of its tests.</summary>
    private protected virtual Task Prepare() => Task.CompletedTask;
}
