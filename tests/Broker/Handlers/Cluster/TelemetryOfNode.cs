using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A node with a subscription to metrics of producers and consumers, each second, and a client that asks and pushes.</summary>
public abstract class TelemetryOfNode : IAsyncLifetime
{
    private protected static ConfigResource Subscription { get; } = new(ConfigResourceType.ClientMetrics, "s");

    private protected ManualTime Time { get; } = new();

    private protected TestNode Node { get; private set; } = null!;

    private protected MemoryClient Client { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        Node = TestNode.Start(time: Time);
        Client = Node.Connect();
        Node.Configure(Subscription, "interval.ms", "1000");
        Node.Configure(Subscription, "metrics", "org.apache.kafka.producer.,org.apache.kafka.consumer.");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected Task<GetTelemetrySubscriptionsResponse> Get(Uuid id) =>
        Client.Ask<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(new() { ClientInstanceId = id }, 0);

    private protected async Task<ErrorCode> Push(
        GetTelemetrySubscriptionsResponse told, byte[] bytes, sbyte codec = 0, bool terminating = false, Uuid? id = null)
    {
        var request = new PushTelemetryRequest
        {
            ClientInstanceId = id ?? told.ClientInstanceId,
            SubscriptionId = told.SubscriptionId,
            Metrics = bytes,
            CompressionType = codec,
            Terminating = terminating,
        };
        return (await Client.Ask<PushTelemetryRequest, PushTelemetryResponse>(request, 0)).ErrorCode;
    }
}
