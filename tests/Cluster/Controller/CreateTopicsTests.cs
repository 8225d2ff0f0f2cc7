using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;
using Topic = KafkaCompat.Protocol.Messages.CreateTopicsRequest.CreatableTopic;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Creation and deletion of topics answered as a single node of Kafka 4.4 answered the same requests.</summary>
public sealed class CreateTopicsTests
{
    private readonly TestController _node = TestController.New();

    public static TheoryData<string, int, short, ErrorCode, string> Refused => new()
    {
        { "", 1, 1, ErrorCode.InvalidTopicException, "Topic name is invalid: the empty string is not allowed" },
        { ".", 1, 1, ErrorCode.InvalidTopicException, "Topic name is invalid: '.' is not allowed" },
        { "..", 1, 1, ErrorCode.InvalidTopicException, "Topic name is invalid: '..' is not allowed" },
        { "a b", 1, 1, ErrorCode.InvalidTopicException,
            "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'" },
        { "__cluster_metadata", 1, 1, ErrorCode.InvalidRequest, "Creation of internal topic __cluster_metadata is prohibited." },
        { "there", 1, 1, ErrorCode.TopicAlreadyExists, "Topic 'there' already exists." },
        { "c_c", 1, 1, ErrorCode.InvalidTopicException, "Topic 'c_c' collides with existing topic: c.c" },
        { "a", 0, 1, ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value." },
        { "a", -2, 1, ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value." },
        { "a", 1, 0, ErrorCode.InvalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value." },
        { "a", 1, -2, ErrorCode.InvalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value." },
        {
            "a", 3, 5, ErrorCode.InvalidReplicationFactor,
            "Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached because only 1 broker(s) are registered or "
                + "some brokers have all their log directories cordoned."
        },
        { "a", 1_000_000, 1, ErrorCode.PolicyViolation, "Excessively large number of partitions per request." },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_topic_that_cannot_be_is_refused_in_Kafkas_words(string name, int partitions, short replicas, ErrorCode error, string message)
    {
        _node.CreateTopic("there", 1);
        _node.CreateTopic("c.c", 1);
        var result = Create(new Topic { Name = name, NumPartitions = partitions, ReplicationFactor = replicas });
        Assert.Equal((error, message, Uuid.Zero, -1, (short)-1),
            (result.ErrorCode, result.ErrorMessage, result.TopicId, result.NumPartitions, result.ReplicationFactor));
    }

    [Theory]
    [InlineData(1, -1, ErrorCode.InvalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.", "0:1")]
    [InlineData(-1, 1, ErrorCode.InvalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.", "0:1")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence", "1:1")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "Found multiple manual partition assignments for partition 0", "0:1", "0:1")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list.", "0:")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes the broker 1 more than once.", "0:1,1")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes broker 2, but no such broker is registered.", "0:1",
        "1:2,1")]
    [InlineData(-1, -1, ErrorCode.InvalidReplicaAssignment, "The manual partition assignment includes broker -1, but no such broker is registered.", "0:-1")]
    public void A_manual_assignment_is_held_against_Kafkas_rules(int partitions, short replicas, ErrorCode error, string message, params string[] assignments)
    {
        var topic = new Topic { Name = "m", NumPartitions = partitions, ReplicationFactor = replicas, Assignments = [.. assignments.Select(Assignment)] };
        var result = Create(topic);
        Assert.Equal((error, message), (result.ErrorCode, result.ErrorMessage));
    }

    [Fact]
    public void Partitions_left_to_the_default_count_as_many_as_it_gives()
    {
        var state =
            new ControllerState(TestController.Settings with { DefaultPartitions = 6_000 }, _node.Log, _node.State.NextOffset, new Random(7), _node.Now);
        Topic[] topics = [new() { Name = "a", NumPartitions = -1, ReplicationFactor = -1 }, new() { Name = "b", NumPartitions = -1, ReplicationFactor = -1 }];
        Assert.Equal(ErrorCode.None, Assert.Single(state.Decide(new CreateTopicsRequest { Topics = [topics[0]] }).Reply.Topics).ErrorCode);
        Assert.All(state.Decide(new CreateTopicsRequest { Topics = [.. topics] }).Reply.Topics,
            result => Assert.Equal(ErrorCode.PolicyViolation, result.ErrorCode));
    }

    [Fact]
    public void A_manual_assignment_is_taken_as_it_is()
    {
        var result = Create(new Topic { Name = "m", NumPartitions = -1, ReplicationFactor = -1, Assignments = [Assignment("1:1"), Assignment("0:1")] });
        Assert.Equal((ErrorCode.None, 2, (short)1), (result.ErrorCode, result.NumPartitions, result.ReplicationFactor));
    }

    [Fact]
    public void A_created_topic_has_what_Kafka_writes()
    {
        var decision = _node.State.Decide(new CreateTopicsRequest
        {
            Topics = [
                new Topic
                {
                    Name = "t",
                    NumPartitions = 2,
                    ReplicationFactor = -1,
                    Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "retention.ms", Value = "1000" }],
                }],
        });
        var partition = """PartitionRecord {"replicas":[1],"isr":[1],"removingReplicas":[],"addingReplicas":[],"leader":"""
            + $$"""1,"leaderEpoch":0,"partitionEpoch":0,"directories":["{{TestController.Directory}}"]}""";
        Assert.Equal(
            [
                """TopicRecord {"name":"t"}""", """ConfigRecord {"resourceType":2,"resourceName":"t","name":"retention.ms","value":"1000"}""",
                partition, partition,
            ],
            _node.Apply(decision));
        Assert.Equal((ErrorCode.None, 2, (short)1),
            (decision.Reply.Topics[0].ErrorCode, decision.Reply.Topics[0].NumPartitions, decision.Reply.Topics[0].ReplicationFactor));
        Assert.Equal(_node.State.Image.FindTopic("t")!.Id, decision.Reply.Topics[0].TopicId);
    }

    [Fact]
    public void Names_that_come_twice_are_refused_once_and_the_others_created()
    {
        var response = _node.CreateTopics(new CreateTopicsRequest { Topics = [New("dup"), New("dup"), New("other"), New("e.e"), New("e_e")] });
        Assert.Equal(
            [("other", ErrorCode.None), ("e.e", ErrorCode.None), ("e_e", ErrorCode.None), ("dup", ErrorCode.InvalidRequest)],
            response.Topics.Select(t => (t.Name, t.ErrorCode)));
        Assert.Equal("Duplicate topic name.", response.Topics[^1].ErrorMessage);
        Assert.Null(_node.State.Image.FindTopic("dup"));
    }

    [Fact]
    public void Validation_alone_answers_the_same_and_writes_nothing()
    {
        var decision = _node.State.Decide(new CreateTopicsRequest { Topics = [New("v")], ValidateOnly = true });
        Assert.Empty(decision.Records);
        Assert.Equal((ErrorCode.None, 1), (decision.Reply.Topics[0].ErrorCode, decision.Reply.Topics[0].NumPartitions));
    }

    [Fact]
    public void Configs_are_checked()
    {
        var unknown = Create(new Topic { Name = "k", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "bad", Value = "1" }] });
        Assert.Equal((ErrorCode.InvalidConfig, "Unknown topic config name: bad"), (unknown.ErrorCode, unknown.ErrorMessage));
        var absent = Create(new Topic { Name = "k", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "retention.ms", Value = null }] });
        Assert.Equal((ErrorCode.InvalidConfig, "Null value not supported for topic configs: retention.ms"), (absent.ErrorCode, absent.ErrorMessage));
    }

    [Fact]
    public void A_broker_that_is_fenced_gets_no_replicas()
    {
        _node.Pass(9_000);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, _node.CreateTopic("t", 1).ErrorCode);
    }

    [Fact]
    public void Deletion_answers_as_Kafka_does()
    {
        var topic = _node.CreateTopic("c.c", 1);
        _node.CreateTopic("m1", 1);
        var request = new DeleteTopicsRequest
        {
            Topics =
            [
                new() { Name = "gone" }, new() { TopicId = new Uuid(5, 6) }, new() { Name = "c.c", TopicId = new Uuid(5, 6) }, new(), new() { Name = "m1" },
                new() { Name = "m1" },
                new() { Name = "" }, new() { TopicId = topic.TopicId },
            ],
        };
        var decision = _node.State.Decide(request, 6);
        Assert.Equal(
            [
                ("gone", ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition."),
                (null, ErrorCode.UnknownTopicId, "This server does not host this topic ID."),
                ("c.c", ErrorCode.InvalidRequest, "You may not specify both topic name and topic id."),
                (null, ErrorCode.InvalidRequest, "Neither topic name nor id were specified."),
                ("m1", ErrorCode.InvalidRequest, "Duplicate topic name."),
                ("", ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition."),
                ("c.c", ErrorCode.None, null),
            ],
            decision.Reply.Responses.Select(r => (r.Name, r.ErrorCode, r.ErrorMessage)));
        Assert.Equal(["RemoveTopicRecord {}"], _node.Apply(decision));
        Assert.Equal(["m1"], _node.State.Image.Topics.Keys);
        Assert.Empty(_node.State.Image.ConfigsOf(ConfigResource.Topic("c.c")));
    }

    [Fact]
    public void Deletion_by_name_answers_for_each_name_once()
    {
        _node.CreateTopic("a", 1);
        var decision = _node.State.Decide(new DeleteTopicsRequest { TopicNames = ["a", "b"] }, 5);
        Assert.Equal([("a", ErrorCode.None), ("b", ErrorCode.UnknownTopicOrPartition)], decision.Reply.Responses.Select(r => (r.Name!, r.ErrorCode)));
    }

    private CreateTopicsResponse.CreatableTopicResult Create(Topic topic) =>
        Assert.Single(_node.CreateTopics(new CreateTopicsRequest { Topics = [topic] }).Topics);

    private static Topic New(string name) => new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 };

    private static CreateTopicsRequest.CreatableReplicaAssignment Assignment(string text)
    {
        var parts = text.Split(':');
        return new CreateTopicsRequest.CreatableReplicaAssignment
        {
            PartitionIndex = int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture),
            BrokerIds =
                [.. parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(b => int.Parse(b, System.Globalization.CultureInfo.InvariantCulture))],
        };
    }
}
