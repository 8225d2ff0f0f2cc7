using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Partitions added to topics, answered as a single node of Kafka 4.4 answered the same requests.</summary>
public sealed class CreatePartitionsTests
{
    private readonly TestController _node = TestController.New();

    public CreatePartitionsTests()
    {
        _node.CreateTopic("a", 1);
        _node.CreateTopic("b", 2);
    }

    public static TheoryData<string, int, string?, ErrorCode, string?> Answers => new()
    {
        { "a", 1, null, ErrorCode.InvalidPartitions, "Topic already has 1 partition(s)." },
        { "b", 1, null, ErrorCode.InvalidPartitions, "The topic b currently has 2 partition(s); 1 would not be an increase." },
        { "b", -1, null, ErrorCode.InvalidPartitions, "The topic b currently has 2 partition(s); -1 would not be an increase." },
        { "nope", 3, null, ErrorCode.UnknownTopicOrPartition, null },
        { "a b", 3, null, ErrorCode.UnknownTopicOrPartition, null },
        { "", 3, null, ErrorCode.UnknownTopicOrPartition, null },
        { "a", 10_001, null, ErrorCode.None, null },
        { "a", 10_002, null, ErrorCode.PolicyViolation, "Excessively large number of additional partitions per request." },
        { "a", 3, "1;1", ErrorCode.None, null },
        { "a", 3, "1", ErrorCode.InvalidReplicaAssignment, "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified." },
        { "a", 2, "1;1", ErrorCode.InvalidReplicaAssignment, "Attempted to add 1 additional partition(s), but only 2 assignment(s) were specified." },
        { "a", 2, "", ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list." },
        { "a", 2, "9", ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes broker 9, but no such broker is registered." },
        { "a", 2, "1,1", ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes the broker 1 more than once." },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Partitions_are_added_or_refused_in_Kafkas_words(string topic, int count, string? assignments, ErrorCode error, string? message)
    {
        var result = Assert.Single(Create(Wanted(topic, count, assignments)).Results);
        Assert.Equal((topic, error, message), (result.Name, result.ErrorCode, result.ErrorMessage));
        var before = topic switch { "a" => 1, "b" => 2, _ => 0 };
        Assert.Equal(error == ErrorCode.None ? count : before, _node.State.Image.FindTopic(topic)?.Partitions.Count ?? 0);
    }

    [Fact]
    public void An_added_partition_has_what_Kafka_writes()
    {
        var records = _node.Apply(_node.State.Decide(new CreatePartitionsRequest { Topics = [Wanted("b", 4, null)] }));
        var partition = """PartitionRecord {"replicas":[1],"isr":[1],"removingReplicas":[],"addingReplicas":[],"leader":"""
            + $$"""1,"leaderEpoch":0,"partitionEpoch":0,"directories":["{{TestController.Directory}}"]}""";
        Assert.Equal([partition, partition], records);
        Assert.Equal([0, 1, 2, 3], _node.State.Image.FindTopic("b")!.Partitions.Keys);
    }

    [Fact]
    public void A_topic_that_comes_twice_is_refused_and_the_others_are_served()
    {
        var response = Create(Wanted("a", 3, null), Wanted("b", 3, null), Wanted("a", 4, null));
        Assert.Equal([("a", ErrorCode.InvalidRequest, "Duplicate topic name."), ("b", ErrorCode.None, null)],
            response.Results.Select(r => (r.Name, r.ErrorCode, r.ErrorMessage)));
        Assert.Single(_node.State.Image.FindTopic("a")!.Partitions);
    }

    [Fact]
    public void A_decrease_of_one_topic_makes_no_room_for_an_increase_of_another()
    {
        var response = Create(Wanted("a", int.MaxValue, null), Wanted("b", int.MinValue, null));
        Assert.All(response.Results, result => Assert.Equal(ErrorCode.PolicyViolation, result.ErrorCode));
        Assert.Single(_node.State.Image.FindTopic("a")!.Partitions);
    }

    [Fact]
    public void Validation_alone_answers_the_same_and_writes_nothing()
    {
        var decision = _node.State.Decide(new CreatePartitionsRequest { Topics = [Wanted("a", 3, null), Wanted("b", 1, null)], ValidateOnly = true });
        Assert.Empty(decision.Records);
        Assert.Equal([ErrorCode.None, ErrorCode.InvalidPartitions], decision.Reply.Results.Select(r => r.ErrorCode));
    }

    [Fact]
    public void Without_a_live_broker_there_is_no_place()
    {
        _node.Pass(9_000);
        var result = Create(Wanted("a", 2, null)).Results[0];
        Assert.Equal((ErrorCode.InvalidReplicationFactor, "All brokers are currently fenced, or have all their log directories cordoned."),
            (result.ErrorCode, result.ErrorMessage));
        Assert.Equal(
            "All brokers specified in the manual partition assignment for partition 1 are fenced or in controlled shutdown.",
            Create(Wanted("a", 2, "1")).Results[0].ErrorMessage);
    }

    private CreatePartitionsResponse Create(params CreatePartitionsRequest.CreatePartitionsTopic[] topics)
    {
        var decision = _node.State.Decide(new CreatePartitionsRequest { Topics = [.. topics] });
        _node.Apply(decision);
        return decision.Reply;
    }

    /// <summary>Assignments are lists of brokers, separated by ';'.</summary>
    private static CreatePartitionsRequest.CreatePartitionsTopic Wanted(string name, int count, string? assignments) => new()
    {
        Name = name,
        Count = count,
        Assignments = assignments?.Split(';').Select(a => new CreatePartitionsRequest.CreatePartitionsAssignment
        {
            BrokerIds = [.. a.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(b => int.Parse(b, System.Globalization.CultureInfo.InvariantCulture))],
        }).ToList(),
    };
}
