using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Leaders elected on demand, answered as Kafka 4.4 answered the same requests.</summary>
public sealed class ElectLeadersTests
{
    private readonly TestController _node = TestController.New();

    public ElectLeadersTests() => _node.CreateTopic("a", 1);

    [Fact]
    public void The_preferred_leader_takes_over_when_asked()
    {
        _node.Join(2);
        _node.CreateTopics(new CreateTopicsRequest
        {
            Topics = [new() { Name = "two", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { PartitionIndex = 0, BrokerIds = [1, 2] }] }],
        });
        _node.Apply(_node.State.Decide(Move("two", 0, [2, 1])));
        Assert.Equal(1, _node.State.Image.FindPartition("two", 0)!.Leader);

        var all = _node.State.Decide(new ElectLeadersRequest { ElectionType = 0, TopicPartitions = null });
        Assert.Equal(["""PartitionChangeRecord {"leader":2}"""], _node.Apply(all));
        Assert.Equal(["a:", "two:0 None"],
            all.Reply.ReplicaElectionResults.Select(t => $"{t.Topic}:{string.Join(",", t.PartitionResult.Select(p => $"{p.PartitionId} {p.ErrorCode}"))}"));
    }

    [Fact]
    public void Elections_that_cannot_be_are_refused_in_Kafkas_words()
    {
        Assert.Equal((ErrorCode.ElectionNotNeeded, "Leader election not needed for topic partition."), Elect("a", 0, 0));
        Assert.Equal((ErrorCode.ElectionNotNeeded, "Leader election not needed for topic partition."), Elect("a", 0, 1));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, "No such topic as nope"), Elect("nope", 0, 0));
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, "No such partition as a-9"), Elect("a", 9, 0));
        Assert.Equal((ErrorCode.InvalidRequest, "Unknown election type 7"), Elect("a", 0, 7));
        Assert.Equal(ErrorCode.InvalidRequest, _node.State.Decide(new ElectLeadersRequest { ElectionType = 7, TopicPartitions = null }).Reply.ErrorCode);

        var unregistered = _node.State.Decide(new UnregisterBrokerRequest { BrokerId = 1 });
        Assert.Equal(
            ["""PartitionChangeRecord {"isr":[],"leader":-1,"eligibleLeaderReplicas":[1],"lastKnownElr":[1]}""", "UnregisterBrokerRecord {}"],
            _node.Apply(unregistered));
        Assert.Equal((ErrorCode.PreferredLeaderNotAvailable, "The preferred leader was not available."), Elect("a", 0, 0));
        Assert.Equal((ErrorCode.EligibleLeadersNotAvailable, "Eligible topic partition leaders are not available."), Elect("a", 0, 1));
        var again = _node.State.Decide(new UnregisterBrokerRequest { BrokerId = 1 }).Reply;
        Assert.Equal((ErrorCode.BrokerIdNotRegistered, "Broker ID 1 is not currently registered"), (again.ErrorCode, again.ErrorMessage));
    }

    [Fact]
    public void Version_0_tells_the_errors_of_partitions_alone()
    {
        var request = new ElectLeadersRequest { ElectionType = 7, TopicPartitions = [new() { Topic = "a", Partitions = [0] }] };
        Assert.Equal(ErrorCode.InvalidRequest, _node.State.Decide(request, 1).Reply.ErrorCode);
        var reply = _node.State.Decide(request, 0).Reply;
        Assert.Equal((ErrorCode.None, ErrorCode.InvalidRequest), (reply.ErrorCode, reply.ReplicaElectionResults[0].PartitionResult[0].ErrorCode));
    }

    [Fact]
    public void Who_may_not_alter_the_cluster_elects_nobody()
    {
        var refused = _node.State.Decide(new ElectLeadersRequest { TopicPartitions = [new() { Topic = "a", Partitions = [0] }] }, NothingAllowed.Access);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, 0), (refused.Reply.ErrorCode, refused.Records.Count));
    }

    private (ErrorCode, string?) Elect(string topic, int partition, sbyte type)
    {
        var decision =
            _node.State.Decide(new ElectLeadersRequest { ElectionType = type, TopicPartitions = [new() { Topic = topic, Partitions = [partition] }] });
        Assert.Empty(decision.Records);
        var result = decision.Reply.ReplicaElectionResults[0].PartitionResult[0];
        return (result.ErrorCode, result.ErrorMessage);
    }

    private static AlterPartitionReassignmentsRequest Move(string topic, int partition, int[]? replicas) => new()
    {
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Replicas = replicas is null ? null : [.. replicas] }] }],
    };
}
