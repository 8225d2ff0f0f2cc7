using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// What Kafka answers to requests that stock clients do not send; compat-tests/odd_values.py compares tens of thousands of them with Apache Kafka.
/// </summary>
public sealed class OddRequestTests() : NodeTests("t", partitions: 3)
{
    [Theory]
    [InlineData("t", 1, ErrorCode.None)]
    [InlineData("t", -1, ErrorCode.InvalidRequest)]
    [InlineData("a", 0, ErrorCode.InvalidRequest)]
    [InlineData("zzz", 0, ErrorCode.InvalidRequest)]
    [InlineData("", 0, ErrorCode.InvalidRequest)]
    public async Task A_cursor_is_a_place_among_the_topics_asked_for(string topic, int partition, ErrorCode expected)
    {
        var request = new DescribeTopicPartitionsRequest
        {
            Topics = { new() { Name = "t" } },
            ResponsePartitionLimit = 10,
            Cursor = new() { TopicName = topic, PartitionIndex = partition },
        };
        var response = await Client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
        Assert.Equal(expected, Assert.Single(response.Topics).ErrorCode);
    }

    [Fact]
    public async Task An_empty_topic_name_fails_DescribeTopicPartitions()
    {
        var request = new DescribeTopicPartitionsRequest { Topics = { new() { Name = "t" }, new() { Name = "" } }, ResponsePartitionLimit = 10 };
        var response = await Client.Ask<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(request, 0);
        Assert.All(response.Topics, static topic => Assert.Equal(ErrorCode.UnknownServerError, topic.ErrorCode));
    }

    [Theory]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(-2, ErrorCode.FencedLeaderEpoch)]
    [InlineData(int.MinValue, ErrorCode.FencedLeaderEpoch)]
    [InlineData(7, ErrorCode.UnknownLeaderEpoch)]
    public async Task A_leader_epoch_below_none_is_an_old_one_but_for_a_fetch(int epoch, ErrorCode expected)
    {
        var offsets =
            new ListOffsetsRequest { ReplicaId = -1, Topics = { new() { Name = "t", Partitions = { new() { Timestamp = -1, CurrentLeaderEpoch = epoch } } } } };
        Assert.Equal(expected, (await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(offsets, 11)).Topics[0].Partitions[0].ErrorCode);
        var fetch = Records.Fetch("t", 0);
        fetch.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch;
        var fetched = (await Client.Ask<FetchRequest, FetchResponse>(fetch, 12)).Responses[0].Partitions[0].ErrorCode;
        Assert.Equal(epoch < 0 ? ErrorCode.None : expected, fetched);
    }

    [Fact]
    public async Task ListOffsets_tells_a_topic_once_and_only_with_partitions()
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics =
            {
                new() { Name = "t", Partitions = { new() { PartitionIndex = 0, Timestamp = -1 } } },
                new() { Name = "none" },
                new() { Name = "t", Partitions = { new() { PartitionIndex = 1, Timestamp = -1 } } },
            },
        };
        var topic = Assert.Single((await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 11)).Topics);
        Assert.Equal([0, 1], topic.Partitions.Select(static partition => partition.PartitionIndex));
    }

    [Fact]
    public async Task The_largest_timestamp_of_records_without_any_is_the_first_of_them()
    {
        for (var i = 0; i < 2; i++) _ = await Records.Send(Client, "t", Records.Batch(1, timestamp: -1));
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            Topics = { new() { Name = "t", Partitions = { new() { Timestamp = -3 }, new() { PartitionIndex = 1, Timestamp = -3 } } } },
        };
        var found = (await Client.Ask<ListOffsetsRequest, ListOffsetsResponse>(request, 11)).Topics[0].Partitions;
        Assert.Equal((0, -1), (found[0].Offset, found[0].Timestamp));
        Assert.Equal((-1, -1), (found[1].Offset, found[1].Timestamp));
    }

    [Theory]
    [InlineData(10, ErrorCode.InvalidRequest)]
    [InlineData(11, ErrorCode.InvalidRequest)]
    [InlineData(12, ErrorCode.UnknownServerError)]
    public async Task Metadata_of_neither_a_name_nor_an_id_is_refused(short version, ErrorCode expected)
    {
        var request = new MetadataRequest { Topics = [new() { Name = null }] };
        var response = await Client.Ask<MetadataRequest, MetadataResponse>(request, version);
        Assert.Equal(expected, Assert.Single(response.Topics).ErrorCode);
    }

    [Fact]
    public async Task A_refused_DescribeCluster_tells_no_endpoint_type()
    {
        var response = await Client.Ask<DescribeClusterRequest, DescribeClusterResponse>(new() { EndpointType = 9 }, 1);
        Assert.Equal((ErrorCode.UnsupportedEndpointType, 1), (response.ErrorCode, response.EndpointType));
    }

    [Fact]
    public async Task CreateTopics_without_time_has_no_text()
    {
        var request = new CreateTopicsRequest { TimeoutMs = 0, Topics = { new() { Name = "new", NumPartitions = 1, ReplicationFactor = 1 } } };
        var topic = Assert.Single((await Client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics);
        Assert.Equal((ErrorCode.RequestTimedOut, null), (topic.ErrorCode, topic.ErrorMessage));
    }

    [Fact]
    public async Task DescribeQuorum_is_asked_of_its_one_partition()
    {
        var request = new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new(), new() } } } };
        var response = await Client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(request, 2);
        Assert.All(response.Topics[0].Partitions, static partition => Assert.Equal(ErrorCode.UnknownTopicOrPartition, partition.ErrorCode));
        Assert.Empty(response.Nodes);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public async Task A_fetch_of_an_idle_partition_and_an_unknown_topic_waits(short version)
    {
        var request = Records.Fetch("t", 0);
        request.MaxWaitMs = 60_000;
        request.MinBytes = 1;
        request.Topics.Add(new() { Topic = "gone", Partitions = { new() { PartitionMaxBytes = 1 << 20 } } });
        var answer = Client.Ask<FetchRequest, FetchResponse>(request, version);
        // It is answered by what is produced, so it waited for that.
        var other = Node.Connect();
        _ = await Records.Send(other, "t", Records.Batch(1));
        var response = await answer;
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], response.Responses.Select(static topic => topic.Partitions[0].ErrorCode));
        Assert.NotEmpty(Records.BaseOffsets(response.Responses[0].Partitions[0].Records));

        // Alone, it is told at once.
        request.Topics.RemoveAt(0);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition,
            (await Client.Ask<FetchRequest, FetchResponse>(request, version)).Responses[0].Partitions[0].ErrorCode);
    }
}
