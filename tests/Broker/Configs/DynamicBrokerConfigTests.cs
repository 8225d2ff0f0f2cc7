using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Broker.Tests.Configs;

/// <summary>Broker settings that the metadata holds: for one broker, for all brokers, over the file's, and under a topic's own.</summary>
public sealed class DynamicBrokerConfigTests
{
    private static readonly ConfigResource ThisBroker = new(ConfigResourceType.Broker, "1");

    [Fact]
    public async Task A_broker_s_own_setting_stands_over_that_of_all_brokers_and_the_file_and_under_the_topic_s()
    {
        await using var node = TestNode.Start(settings: [("log.retention.ms", TestNode.KafkasDefault), ("log.retention.hours", "2")]);
        _ = await node.CreateTopic("t");
        _ = await node.CreateTopic("own", 1, ("retention.ms", "7"));
        Assert.Equal(2 * 3_600_000L, SettingsOf(node, "t").RetentionMs);

        node.Configure(ConfigResource.AllBrokers, "log.retention.ms", "5000");
        Assert.Equal(5000, SettingsOf(node, "t").RetentionMs);
        node.Configure(ThisBroker, "log.retention.ms", "6000");
        Assert.Equal(6000, SettingsOf(node, "t").RetentionMs);
        Assert.Equal(7, SettingsOf(node, "own").RetentionMs);

        // A topic that is made afterwards begins with them.
        _ = await node.CreateTopic("later");
        Assert.Equal(6000, SettingsOf(node, "later").RetentionMs);

        node.Configure(ThisBroker, "log.retention.ms", null);
        Assert.Equal(5000, SettingsOf(node, "t").RetentionMs);
        node.Configure(ConfigResource.AllBrokers, "log.retention.ms", null);
        Assert.Equal(2 * 3_600_000L, SettingsOf(node, "t").RetentionMs);
    }

    [Fact]
    public async Task The_partitions_of_a_topic_share_its_settings()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t", 3);
        Assert.Same(node.Broker.Partitions.Find("t", 0)!.Config, node.Broker.Partitions.Find("t", 2)!.Config);
    }

    [Fact]
    public async Task What_a_produce_may_send_follows_the_setting_of_all_brokers()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t");
        var request = Records.Produce("t", Records.Batch(valueBytes: 2000));
        node.Configure(ConfigResource.AllBrokers, "message.max.bytes", "1000");
        Assert.Equal(ErrorCode.MessageTooLarge, await Produce(node, request));
        node.Configure(ConfigResource.AllBrokers, "message.max.bytes", null);
        Assert.Equal(ErrorCode.None, await Produce(node, request));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_partition_is_not_asked_for_more_replicas_in_sync_than_it_has(short acks)
    {
        await using var node = TestNode.Start();
        node.Configure(ConfigResource.AllBrokers, "min.insync.replicas", "2");
        _ = await node.CreateTopic("t");
        var request = Records.Produce("t", Records.Batch());
        request.Acks = acks;
        Assert.Equal(ErrorCode.None, await Produce(node, request));
    }

    [Theory]
    [InlineData("message.max.bytes", "many")]
    [InlineData("message.max.bytes", "-1")]
    [InlineData("log.retention.ms", "0")]
    [InlineData("log.flush.interval.ms", "-1")]
    [InlineData("config.providers", "file")]
    [InlineData("no.such.setting", "1")]
    [InlineData("log.dirs", "/elsewhere")]
    [InlineData("listener.name.plaintext.ssl.protocol", "TLSv1.3")]
    public async Task A_setting_that_cannot_hold_is_left_out_and_the_others_count(string name, string value)
    {
        await using var node = TestNode.Start();
        node.Configure(ConfigResource.AllBrokers, name, value);
        Assert.Equal(node.Broker.Settings.Configured.GetText(name), Effective(node).GetText(name));
        Assert.Null(Effective(node).GetListenerInt("PLAINTEXT", "max.connections"));
        node.Configure(ConfigResource.AllBrokers, name, null);
        node.Configure(ConfigResource.AllBrokers, "log.roll.ms", "1234");
        _ = await node.CreateTopic("t");
        Assert.Equal(1234, SettingsOf(node, "t").SegmentMs);
    }

    [Fact]
    public async Task A_broken_setting_leaves_its_neighbours_alone()
    {
        await using var node = TestNode.Start();
        node.Configure(ConfigResource.AllBrokers, "message.max.bytes", "many");
        node.Configure(ConfigResource.AllBrokers, "log.roll.ms", "1234");
        Assert.Equal((1234L, 1048588), (Effective(node).GetLong("log.roll.ms"), Effective(node).GetInt("message.max.bytes")));
    }

    [Fact]
    public async Task Who_keeps_a_setting_is_told_once_when_it_changes()
    {
        await using var node = TestNode.Start();
        var told = new List<int>();
        node.Broker.Settings.Changed += config => told.Add(config.GetInt("max.connections"));
        node.Configure(ConfigResource.AllBrokers, "max.connections", "10");
        node.Configure(new ConfigResource(ConfigResourceType.Broker, "2"), "max.connections", "20");
        node.Configure(ThisBroker, "listener.name.plaintext.max.connections", "5");
        Assert.Equal([10, 10], told);
        Assert.Equal(5, Effective(node).GetListenerInt("PLAINTEXT", "max.connections"));
    }

    [Fact]
    public async Task Compaction_s_longest_wait_bounds_how_long_a_segment_stays_active()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t", 1, ("cleanup.policy", "compact"), ("max.compaction.lag.ms", "4000"));
        _ = await node.CreateTopic("u", 1, ("max.compaction.lag.ms", "4000"));
        Assert.Equal(4000, SettingsOf(node, "t").SegmentMs);
        Assert.Equal(7 * 24 * 3_600_000L, SettingsOf(node, "u").SegmentMs);
    }

    private static ServerConfig Effective(TestNode node) => node.Broker.Settings.Of(node.Broker.Metadata.Current);

    private static LogSettings SettingsOf(TestNode node, string topic) => node.Broker.Partitions.Find(topic, 0)!.Log.Settings;

    private static async Task<ErrorCode> Produce(TestNode node, ProduceRequest request)
    {
        var response = await node.Connect().Ask<ProduceRequest, ProduceResponse>(request, 12);
        return response.Responses[0].PartitionResponses[0].ErrorCode;
    }
}
