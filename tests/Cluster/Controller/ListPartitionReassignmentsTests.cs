using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Partitions that are on their way to other brokers.</summary>
public sealed class ListPartitionReassignmentsTests
{
    private readonly TestController _node = TestController.New();

    public ListPartitionReassignmentsTests()
    {
        _node.CreateTopic("a", 2);
        _node.CreateTopic("b", 1);
        _node.Join(2);
        _node.Apply(_node.State.Decide(new AlterPartitionReassignmentsRequest
        {
            Topics = [new() { Name = "a", Partitions = [new() { PartitionIndex = 1, Replicas = [2] }] }],
        }));
    }

    [Fact]
    public void Of_all_topics_those_with_a_partition_that_moves_are_listed()
    {
        var reply = _node.State.Decide(new ListPartitionReassignmentsRequest { Topics = null }).Reply;
        Assert.Equal((ErrorCode.None, null), (reply.ErrorCode, reply.ErrorMessage));
        var topic = Assert.Single(reply.Topics);
        var partition = Assert.Single(topic.Partitions);
        Assert.Equal(("a", 1), (topic.Name, partition.PartitionIndex));
        Assert.Equal([2, 1], partition.Replicas);
        Assert.Equal([2], partition.AddingReplicas);
        Assert.Equal([1], partition.RemovingReplicas);
    }

    [Fact]
    public void Of_the_partitions_named_what_does_not_move_or_exist_is_left_out_without_an_error()
    {
        var reply = List(("a", [0, 1, 7]), ("b", [0]), ("nope", [0]));
        Assert.Equal((ErrorCode.None, "a", 1), (reply.ErrorCode, Assert.Single(reply.Topics).Name, Assert.Single(reply.Topics[0].Partitions).PartitionIndex));
        Assert.Empty(List(("a", [0])).Topics);
        Assert.Empty(List().Topics);
    }

    [Fact]
    public void A_move_that_is_taken_back_is_not_listed_any_more()
    {
        _node.Apply(_node.State.Decide(new AlterPartitionReassignmentsRequest
        {
            Topics = [new() { Name = "a", Partitions = [new() { PartitionIndex = 1, Replicas = null }] }],
        }));
        Assert.Empty(_node.State.Decide(new ListPartitionReassignmentsRequest { Topics = null }).Reply.Topics);
    }

    [Fact]
    public void Who_may_not_describe_the_cluster_is_told_so()
    {
        var refused = _node.State.Decide(new ListPartitionReassignmentsRequest { Topics = null }, NothingAllowed.Access).Reply;
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, "Request needs DESCRIBE permission.", 0),
            (refused.ErrorCode, refused.ErrorMessage, refused.Topics.Count));
    }

    private ListPartitionReassignmentsResponse List(params (string Topic, int[] Partitions)[] topics) =>
        _node.State.Decide(new ListPartitionReassignmentsRequest
        {
            Topics = [.. topics.Select(static topic => new ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics
            {
                Name = topic.Topic,
                PartitionIndexes = [.. topic.Partitions],
            })],
        }).Reply;
}
