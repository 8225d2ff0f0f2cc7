using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What is not served yet says so: to the client with the answer that ends its attempts, and in the log once a client or topic.</summary>
public sealed class UnservedFeatureTests
{
    [Fact]
    public async Task The_protocols_of_other_groups_are_refused_with_a_text()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        for (short version = 0; version <= 1; version++)
        {
            var consumer = await client.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(new() { GroupId = "g" }, version);
            Assert.Equal((ErrorCode.UnsupportedVersion, UnservedFeature.ConsumerProtocol.Message), (consumer.ErrorCode, consumer.ErrorMessage));
            var streams = await client.Ask<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(new() { GroupId = "g" }, version);
            Assert.Equal((ErrorCode.UnsupportedVersion, UnservedFeature.StreamsProtocol.Message), (streams.ErrorCode, streams.ErrorMessage));
        }
        var share = await client.Ask<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(new() { GroupId = "g" }, 1);
        Assert.Equal((ErrorCode.UnsupportedVersion, UnservedFeature.ShareGroups.Message), (share.ErrorCode, share.ErrorMessage));
        Assert.Equal(3, log.Warnings.Count);
        Assert.Contains("group.protocol=classic", log.Warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("apache-kafka-java", ErrorCode.UnsupportedVersion)]
    [InlineData("librdkafka", ErrorCode.TransactionalIdAuthorizationFailed)]
    [InlineData(null, ErrorCode.TransactionalIdAuthorizationFailed)]
    public async Task A_transactional_id_is_refused_so_that_the_client_gives_up_and_says_why(string? software, ErrorCode expected)
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        var client = node.Connect();
        if (software is not null)
            _ = await client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = software, ClientSoftwareVersion = "1" }, 3);
        for (var i = 0; i < 3; i++)
        {
            var found = (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 1, CoordinatorKeys = ["tx"] }, 4)).Coordinators[0];
            Assert.Equal((expected, UnservedFeature.Transactions.Message), (found.ErrorCode, found.ErrorMessage));
            var old = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 1, Key = "tx" }, 2);
            Assert.Equal((expected, UnservedFeature.Transactions.Message), (old.ErrorCode, old.ErrorMessage));
            var begun = await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = "tx", TransactionTimeoutMs = 1000 }, 4);
            Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, begun.ErrorCode);
        }
        Assert.Contains("asked for transactions", Assert.Single(log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topics_that_ask_for_compaction_are_named_once()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log);
        _ = await node.CreateTopic("plain");
        _ = await node.CreateTopic("table", configs: ("cleanup.policy", "compact"));
        _ = await node.CreateTopic("both", configs: ("cleanup.policy", "compact,delete"));
        Assert.DoesNotContain(log.Warnings, static line => line.Contains("plain", StringComparison.Ordinal));
        node.Configure(ConfigResource.Topic("plain"), "cleanup.policy", "compact");
        node.Configure(ConfigResource.Topic("plain"), "cleanup.policy", "delete");
        node.Configure(ConfigResource.Topic("plain"), "cleanup.policy", "compact");
        foreach (var name in new[] { "table", "both", "plain" })
            Assert.Single(log.Warnings, line => line.StartsWith($"Topic {name} has cleanup.policy=compact", StringComparison.Ordinal));
        Assert.Equal(3, log.Warnings.Count);
    }

    [Fact]
    public async Task A_broker_whose_default_is_to_compact_names_its_topics()
    {
        var log = new WarningList();
        await using var node = TestNode.Start(logs: log, settings: ("log.cleanup.policy", "compact"));
        _ = await node.CreateTopic("t");
        _ = await node.CreateTopic("bounded", configs: ("cleanup.policy", "delete"));
        Assert.StartsWith("Topic t has cleanup.policy=compact", Assert.Single(log.Warnings), StringComparison.Ordinal);
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
    public void What_a_thousand_clients_ask_for_fills_no_log()
    {
        var log = new WarningList();
        var unserved = new UnservedFeatures(log.CreateLogger("requests"));
        var connection = new Dispatch.ConnectionInfo("c", "PLAINTEXT", new Dispatch.DispatchTable(ApiListeners.Broker, []), System.Net.IPAddress.Loopback,
            CancellationToken.None);
        for (var i = 0; i < 3_000; i++)
            unserved.Asked(UnservedFeature.ShareGroups, new Dispatch.RequestContext(ApiKey.ShareGroupHeartbeat, 1, 1, $"c{i}", connection));
        Assert.Equal(UnservedFeatures.MaxNamed + 1, log.Warnings.Count);
    }

    /// <summary>Keeps what is worth a warning.</summary>
    private sealed class WarningList : ILoggerFactory, ILogger
    {
        private readonly Lock _lock = new();
        private readonly List<string> _warnings = [];

        public IReadOnlyList<string> Warnings
        {
            get { lock (_lock) return [.. _warnings]; }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            lock (_lock) _warnings.Add(formatter(state, exception));
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
