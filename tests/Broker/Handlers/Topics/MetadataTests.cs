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

    [Fact]
    public async Task Operations_are_told_on_request()
    {
        var request = new MetadataRequest { Topics = [new() { Name = "orders" }], IncludeClusterAuthorizedOperations = true, IncludeTopicAuthorizedOperations = true };
        var response = await _client.Ask<MetadataRequest, MetadataResponse>(request, 9);
        Assert.Equal(8096, response.ClusterAuthorizedOperations);
        Assert.Equal(3576, response.Topics[0].TopicAuthorizedOperations);
    }

    [Fact]
    public async Task The_cluster_is_described()
    {
        var response = await _client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { IncludeClusterAuthorizedOperations = true }, 2);
        Assert.Equal((ErrorCode.None, TestNode.ClusterId, 1, 8096), (response.ErrorCode, response.ClusterId, response.ControllerId, response.ClusterAuthorizedOperations));
        Assert.Equal((1, "localhost", 19092), (response.Brokers[0].BrokerId, response.Brokers[0].Host, response.Brokers[0].Port));
        var mismatch = await _client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { EndpointType = 2 }, 2);
        Assert.Equal(ErrorCode.MismatchedEndpointType, mismatch.ErrorCode);
        var controllers = await _node.Connect("CONTROLLER").Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { EndpointType = 2 }, 2);
        Assert.Equal((1, 19093), (controllers.Brokers[0].BrokerId, controllers.Brokers[0].Port));
    }

    [Fact]
    public async Task Partitions_are_described_page_by_page()
    {
        var pages = new List<string>();
        (string Topic, int Partition)? cursor = null;
        do
        {
            var request = new DescribeTopicPartitionsRequest { ResponsePartitionLimit = 2, Cursor = cursor is { } from ? new() { TopicName = from.Topic, PartitionIndex = from.Partition } : null };
            var response = await _client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
            pages.Add(string.Join(' ', response.Topics.SelectMany(static topic => topic.Partitions.Select(partition => $"{topic.Name}-{partition.PartitionIndex}"))));
            cursor = response.NextCursor is { } next ? (next.TopicName, next.PartitionIndex) : null;
        }
        while (cursor is not null);
        Assert.Equal(["bills-0 bills-1", "orders-0 orders-1", "orders-2"], pages);
        var unknown = await _client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(new() { Topics = { new() { Name = "nobody" } } }, 0);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Topics[0].ErrorCode);
    }

    [Fact]
    public async Task The_quorum_is_described()
    {
        var request = new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new() } } } };
        var response = await _client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(request, 2);
        var quorum = response.Topics[0].Partitions[0];
        Assert.Equal((1, 1, 100), (quorum.LeaderId, quorum.LeaderEpoch, quorum.HighWatermark));
        Assert.Equal((1, 100), (quorum.CurrentVoters[0].ReplicaId, quorum.CurrentVoters[0].LogEndOffset));
        Assert.Equal("CONTROLLER", response.Nodes[0].Listeners[0].Name);
        request.Topics.Add(new() { TopicName = "orders", Partitions = { new() } });
        response = await _client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(request, 2);
        Assert.All(response.Topics, static topic => Assert.Equal(ErrorCode.UnknownTopicOrPartition, topic.Partitions[0].ErrorCode));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Features_are_told_as_a_fresh_node_of_Kafka_tells_them(short version)
    {
        var expected = KafkaReference.Table("tables", "live-features.tsv")
            .Where(row => row["listener"] == "broker" && row["apiVersionsVersion"] == version.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .Select(static row => $"{row["kind"]} {row["feature"]} {row["min"]} {row["max"]}").Order();
        var response = await _client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1.0" }, version);
        var told = response.SupportedFeatures.Select(static f => $"supported {f.Name} {f.MinVersion} {f.MaxVersion}")
            .Concat(response.FinalizedFeatures.Select(static f => $"finalized {f.Name} {f.MinVersionLevel} {f.MaxVersionLevel}")).Order();
        Assert.Equal(expected, told);
    }

    [Fact]
    public async Task Only_what_is_served_is_advertised()
    {
        var response = await _client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0);
        var kafkas = ApiCatalog.All.ToArray().Where(static api => api is not null).ToDictionary(static api => (short)api.Key, static api => api.Broker);
        // Telemetry only while somebody subscribes to it.
        var served = Node.ServedVersions.All.Where(static api => api.Key is not (ApiKey.GetTelemetrySubscriptions or ApiKey.PushTelemetry));
        Assert.Equal(served.Select(static api => (short)api.Key), response.ApiKeys.Select(static api => api.ApiKey));
        Assert.All(response.ApiKeys, api => Assert.Equal((kafkas[api.ApiKey].Min, kafkas[api.ApiKey].Max), (api.MinVersion, api.MaxVersion)));
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
