using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What is not served yet says so: to the client with the answer that ends its attempts, and in the log once a client or topic.</summary>
public sealed class UnservedFeatureTests
{
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
}
