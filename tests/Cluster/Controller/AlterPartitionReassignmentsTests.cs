using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Partitions moved between brokers, answered as Kafka 4.4 answered the same requests.</summary>
public sealed class AlterPartitionReassignmentsTests
{
    private readonly TestController _node = TestController.New();

    public AlterPartitionReassignmentsTests() => _node.CreateTopic("a", 1);

    public static TheoryData<string, int, int[]?, ErrorCode, string?> Answers => new()
    {
        { "a", 0, [1], ErrorCode.None, null },
        { "a", 0, null, ErrorCode.NoReassignmentInProgress, null },
        { "nope", 3, [1], ErrorCode.UnknownTopicOrPartition, "Unable to find a topic named nope." },
        { "nope", 3, null, ErrorCode.UnknownTopicOrPartition, "Unable to find a topic named nope." },
        { "a", 9, [1], ErrorCode.UnknownTopicOrPartition, "Unable to find partition a:9." },
        { "a", 0, [9], ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes broker 9, but no such broker is registered." },
        { "a", 0, [-1], ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes broker -1, but no such broker is registered." },
        { "a", 0, [1, 1], ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes the broker 1 more than once." },
        { "a", 0, [], ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list." },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void A_move_is_taken_or_refused_in_Kafkas_words(string topic, int partition, int[]? replicas, ErrorCode error, string? message)
    {
        var decision = _node.State.Decide(Move(topic, partition, replicas));
        var result = decision.Reply.Responses[0].Partitions[0];
        Assert.Equal((error, message), (result.ErrorCode, result.ErrorMessage));
        Assert.Empty(decision.Records);
    }

    [Fact]
    public void A_new_replica_joins_and_the_old_one_stays_until_it_is_in_sync()
    {
        _node.Join(2);
        var records = _node.Apply(_node.State.Decide(Move("a", 0, [2])));
        Assert.Equal(
            [$$"""PartitionChangeRecord {"replicas":[2,1],"removingReplicas":[1],"addingReplicas":[2],"directories":"""
                + $$"""["{{new Uuid(0x1234, 2)}}","{{TestController.Directory}}"]}"""],
            records);
        var partition = _node.State.Image.FindPartition("a", 0)!;
        Assert.Equal((1, 0), (partition.Leader, partition.LeaderEpoch));

        records = _node.Apply(_node.State.Decide(Move("a", 0, null)));
        Assert.Equal([$$"""PartitionChangeRecord {"replicas":[1],"removingReplicas":[],"addingReplicas":[],"directories":["{{TestController.Directory}}"]}"""],
            records);
    }

    [Fact]
    public void A_replica_that_only_goes_is_gone_at_once_and_the_leader_moves()
    {
        _node.Join(2);
        _node.CreateTopics(new CreateTopicsRequest
        {
            Topics = [new() { Name = "two", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { PartitionIndex = 0, BrokerIds = [2, 1] }] }],
        });
        var records = _node.Apply(_node.State.Decide(Move("two", 0, [1])));
        Assert.Equal([$$"""PartitionChangeRecord {"isr":[1],"leader":1,"replicas":[1],"directories":["{{TestController.Directory}}"]}"""], records);
    }

    [Fact]
    public void The_number_of_replicas_can_be_held()
    {
        _node.Join(2);
        var decision =
            _node.State.Decide(new AlterPartitionReassignmentsRequest { AllowReplicationFactorChange = false, Topics = Move("a", 0, [1, 2]).Topics });
        var result = decision.Reply.Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.InvalidReplicationFactor, "The replication factor is changed from 1 to 2"), (result.ErrorCode, result.ErrorMessage));
        Assert.False(decision.Reply.AllowReplicationFactorChange);
    }

    private static AlterPartitionReassignmentsRequest Move(string topic, int partition, int[]? replicas) => new()
    {
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Replicas = replicas is null ? null : [.. replicas] }] }],
    };
}
