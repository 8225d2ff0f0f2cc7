using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A client asks which metrics it is to push.</summary>
public sealed class GetTelemetrySubscriptionsTests : TelemetryOfNode
{
    [Fact]
    public async Task A_client_is_told_what_to_push_and_no_sooner_than_its_interval_again()
    {
        var told = await Get(Uuid.Zero);
        Assert.NotEqual(Uuid.Zero, told.ClientInstanceId);
        Assert.Equal((ErrorCode.None, 1000, 1_048_576, true), (told.ErrorCode, told.PushIntervalMs, told.TelemetryMaxBytes, told.DeltaTemporality));
        Assert.Equal([4, 3, 1, 2], told.AcceptedCompressionTypes.Select(static codec => (int)codec));
        Assert.Equal(["org.apache.kafka.consumer.", "org.apache.kafka.producer."], told.RequestedMetrics.Order(StringComparer.Ordinal));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, (await Get(told.ClientInstanceId)).ErrorCode);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(told.SubscriptionId, (await Get(told.ClientInstanceId)).SubscriptionId);
    }

    [Fact]
    public async Task Subscriptions_are_for_the_clients_that_they_match_and_change_while_clients_push()
    {
        Node.Configure(Subscription, "match", "client_id=pro.*");
        Assert.Empty((await Get(new Uuid(1, 1))).RequestedMetrics);
        Node.Configure(Subscription, "match", "client_id=te.t");
        Time.Advance(TimeSpan.FromMinutes(6));
        var told = await Get(new Uuid(1, 1));
        Assert.Equal(2, told.RequestedMetrics.Count);
        Node.Configure(Subscription, "metrics", "*");
        Assert.Equal(ErrorCode.UnknownSubscriptionId, await Push(told, []));
        Assert.Equal("*", Assert.Single((await Get(told.ClientInstanceId)).RequestedMetrics));
    }

    [Fact]
    public async Task A_client_without_an_id_is_given_a_new_one_each_time()
    {
        var first = await Get(Uuid.Zero);
        var second = await Get(Uuid.Zero);
        Assert.NotEqual(first.ClientInstanceId, second.ClientInstanceId);
        Assert.Equal(new Uuid(1, 1), (await Get(new Uuid(1, 1))).ClientInstanceId);
    }

    [Fact]
    public async Task Without_a_subscription_a_client_is_told_to_push_nothing()
    {
        await using var node = TestNode.Start();
        var told = await node.Connect().Ask<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(new(), 0);
        Assert.Equal((ErrorCode.None, 300_000, 0), (told.ErrorCode, told.PushIntervalMs, told.RequestedMetrics.Count));
    }

    [Fact]
    public async Task Client_telemetry_is_advertised_while_there_is_a_subscription()
    {
        await using var node = TestNode.Start();
        await using var always = TestNode.Start(settings: ("kafkacompat.client.telemetry", "always"));
        Assert.True(await IsAdvertised(always));
        for (var i = 0; i < 2; i++)
        {
            Assert.False(await IsAdvertised(node));
            node.Configure(new ConfigResource(ConfigResourceType.ClientMetrics, "s"), "metrics", "*");
            Assert.True(await IsAdvertised(node));
            node.Configure(new ConfigResource(ConfigResourceType.ClientMetrics, "s"), "metrics", null);
        }
        // Who has heard of it is answered, whatever has become of the subscription.
        var client = node.Connect();
        Assert.Equal(ErrorCode.None, (await client.Ask<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(new(), 0)).ErrorCode);

        static async Task<bool> IsAdvertised(TestNode node)
        {
            var keys = (await node.Connect()
                .Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 4)).ApiKeys;
            var telling = keys.Count(static key => (ApiKey)key.ApiKey is ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry);
            Assert.Contains(telling, (int[])[0, 2]);
            return telling == 2;
        }
    }

    [Fact]
    public async Task Nothing_of_it_is_advertised_or_answered_where_it_is_off()
    {
        await using var node = TestNode.Start(settings: ("kafkacompat.client.telemetry", "false"));
        var versions = await node.Connect().Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 4);
        Assert.DoesNotContain(versions.ApiKeys, static key => (ApiKey)key.ApiKey is ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry);
        var client = node.Connect();
        await client.Post(new GetTelemetrySubscriptionsRequest(), 0);
        Assert.Null(await client.Receive());
    }
}
