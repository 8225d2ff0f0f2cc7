using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

public sealed class MetadataTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private MemoryClient _client = null!;
    private Uuid _id;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start();
        _client = _node.Connect();
        _id = await _node.CreateTopic("orders", 3);
        _ = await _node.CreateTopic("bills", 2);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task No_list_means_all_topics_and_an_empty_one_none()
    {
        Assert.Equal(["bills", "orders"], Names(await Ask(null, 12)));
        Assert.Empty(Names(await Ask([], 12)));
        Assert.Equal(["bills", "orders"], Names(await Ask([], 0)));
    }

    [Fact]
    public async Task A_topic_is_told_with_its_partitions_and_who_leads_them()
    {
        var topic = Assert.Single((await Ask(["orders"], 12)).Topics);
        Assert.Equal((_id, false, ErrorCode.None), (topic.TopicId, topic.IsInternal, topic.ErrorCode));
        Assert.Equal([0, 1, 2], topic.Partitions.Select(static partition => partition.PartitionIndex));
        Assert.All(topic.Partitions, static partition =>
        {
            Assert.Equal((1, 0, ErrorCode.None), (partition.LeaderId, partition.LeaderEpoch, partition.ErrorCode));
            Assert.Equal([1], partition.ReplicaNodes);
            Assert.Equal([1], partition.IsrNodes);
            Assert.Empty(partition.OfflineReplicas);
        });
    }

    [Fact]
    public async Task A_topic_can_be_asked_for_by_its_id()
    {
        var request = new MetadataRequest { Topics = [new() { TopicId = _id, Name = null }, new() { TopicId = new Uuid(8, 8), Name = null }] };
        var response = await _client.Ask<MetadataRequest, MetadataResponse>(request, 12);
        Assert.Equal("orders", response.Topics[0].Name);
        Assert.Equal((null, ErrorCode.UnknownTopicId), (response.Topics[1].Name, response.Topics[1].ErrorCode));
    }

    [Fact]
    public async Task An_unknown_topic_is_made_when_both_sides_allow_it()
    {
        var closed = await _client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "new" }], AllowAutoTopicCreation = false }, 12);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, closed.Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Ask(["new"], 12)).Topics[0].ErrorCode);
        await Eventually.Is(async () => (await Ask(["new"], 12)).Topics[0].ErrorCode == ErrorCode.None);
        Assert.Single((await Ask(["new"], 12)).Topics[0].Partitions);
        Assert.Equal(ErrorCode.InvalidTopicException, (await Ask(["not legal"], 12)).Topics[0].ErrorCode);
    }

    [Fact]
    public async Task Without_auto_creation_nothing_is_made()
    {
        await using var node = TestNode.Start(settings: ("auto.create.topics.enable", "false"));
        var client = node.Connect();
        for (var i = 0; i < 3; i++)
        {
            var response = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "new" }] }, 12);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, response.Topics[0].ErrorCode);
        }
    }

    /// <summary>The client cannot be told: Metadata has no room for a reason.</summary>
    [Fact]
    public async Task A_topic_that_cannot_be_made_is_one_line_in_the_log_however_often_it_is_asked_for()
    {
        using var log = new WarningList();
        await using var node = TestNode.Start(logs: log, settings: ("default.replication.factor", "3"));
        var client = node.Connect();
        for (var i = 0; i < 3; i++)
        {
            foreach (var name in (string[])["first", "second"])
            {
                var response = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = name }] }, 12);
                Assert.Equal(ErrorCode.UnknownTopicOrPartition, response.Topics[0].ErrorCode);
                await node.Broker.Topics.UnderWay(name);
            }
        }
        Assert.Equal(["first", "second"], log.Warnings.Select(static line => line.Split(' ')[1]));
        Assert.All(log.Warnings, static line => Assert.Contains("was not created for client", line, StringComparison.Ordinal));
        Assert.All(log.Warnings, static line => Assert.Contains("InvalidReplicationFactor", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Operations_are_told_on_request()
    {
        var request =
            new MetadataRequest { Topics = [new() { Name = "orders" }], IncludeClusterAuthorizedOperations = true, IncludeTopicAuthorizedOperations = true };
        var response = await _client.Ask<MetadataRequest, MetadataResponse>(request, 9);
        Assert.Equal(8096, response.ClusterAuthorizedOperations);
        Assert.Equal(3576, response.Topics[0].TopicAuthorizedOperations);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("Orders_2.new-1", true)]
    public void Names_are_those_that_Kafka_allows(string name, bool valid) => Assert.Equal(valid, TopicNames.IsValid(name, out _));

    private Task<MetadataResponse> Ask(string[]? names, short version) => _client.Ask<MetadataRequest, MetadataResponse>(
        new() { Topics = names?.Select(static name => new MetadataRequest.MetadataRequestTopic { Name = name }).ToList() }, version);

    private static IEnumerable<string?> Names(MetadataResponse response) => response.Topics.Select(static topic => topic.Name);
}
