using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Who votes on the metadata log.</summary>
public sealed class DescribeQuorumTests
{
    [Fact]
    public async Task The_quorum_is_described()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var request = new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new() } } } };
        var response = await client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(request, 2);
        var quorum = response.Topics[0].Partitions[0];
        Assert.Equal((1, 1, 100), (quorum.LeaderId, quorum.LeaderEpoch, quorum.HighWatermark));
        Assert.Equal((1, 100), (quorum.CurrentVoters[0].ReplicaId, quorum.CurrentVoters[0].LogEndOffset));
        Assert.Equal("CONTROLLER", response.Nodes[0].Listeners[0].Name);
        request.Topics.Add(new() { TopicName = "orders", Partitions = { new() } });
        response = await client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(request, 2);
        Assert.All(response.Topics, static topic => Assert.Equal(ErrorCode.UnknownTopicOrPartition, topic.Partitions[0].ErrorCode));
    }
}
