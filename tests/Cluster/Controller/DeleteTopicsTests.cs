using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Topics deleted by name or id, answered as Kafka 4.4 answered the same requests.</summary>
public sealed class DeleteTopicsTests
{
    private const string NoTopic = "This server does not host this topic-partition.";

    private readonly TestController _node = TestController.New();

    public DeleteTopicsTests()
    {
        _node.CreateTopic("a", 1);
        _node.CreateTopic("b", 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Up_to_version_5_topics_go_by_name(short version)
    {
        var id = _node.State.Image.FindTopic("a")!.Id;
        var decision = _node.State.Decide(new DeleteTopicsRequest { TopicNames = ["a", "nope", "a ", ""] }, version);
        Assert.Equal(
            [("a", id, ErrorCode.None, null), ("nope", Uuid.Zero, ErrorCode.UnknownTopicOrPartition, NoTopic),
                ("a ", Uuid.Zero, ErrorCode.UnknownTopicOrPartition, NoTopic), ("", Uuid.Zero, ErrorCode.UnknownTopicOrPartition, NoTopic)],
            Text(decision.Reply));
        Assert.Equal(["RemoveTopicRecord {}"], _node.Apply(decision));
        Assert.Equal(["b"], _node.State.Image.Topics.Keys);
    }

    [Fact]
    public void From_version_6_on_topics_go_by_name_or_id_and_the_answer_has_both()
    {
        var (a, b, nope) = (_node.State.Image.FindTopic("a")!.Id, _node.State.Image.FindTopic("b")!.Id, new Uuid(7, 7));
        var decision = Delete(("a", Uuid.Zero), (null, b), (null, nope));
        Assert.Equal(
            [("a", a, ErrorCode.None, null), ("b", b, ErrorCode.None, null),
                (null, nope, ErrorCode.UnknownTopicId, "This server does not host this topic ID.")],
            Text(decision.Reply));
        _node.Apply(decision);
        Assert.Empty(_node.State.Image.Topics);
    }

    [Fact]
    public void What_names_no_topic_or_two_or_one_twice_is_refused_in_Kafkas_words()
    {
        var id = _node.State.Image.FindTopic("a")!.Id;
        var decision = Delete((null, Uuid.Zero), ("a", id), ("b", Uuid.Zero), ("b", Uuid.Zero), (null, id), (null, id));
        Assert.Equal(
            [(null, Uuid.Zero, ErrorCode.InvalidRequest, "Neither topic name nor id were specified."),
                ("a", id, ErrorCode.InvalidRequest, "You may not specify both topic name and topic id."),
                ("b", Uuid.Zero, ErrorCode.InvalidRequest, "Duplicate topic name."),
                (null, id, ErrorCode.InvalidRequest, "Duplicate topic id.")],
            Text(decision.Reply));
        Assert.Empty(decision.Records);
    }

    /// <summary>Versions before 3 do not know the error.</summary>
    [Theory]
    [InlineData(2, ErrorCode.InvalidRequest)]
    [InlineData(3, ErrorCode.TopicDeletionDisabled)]
    [InlineData(6, ErrorCode.TopicDeletionDisabled)]
    public void Where_deletion_is_disabled_every_topic_is_refused(short version, ErrorCode error)
    {
        var node = TestController.New(TestController.Settings with { IsTopicDeletionEnabled = false });
        node.CreateTopic("a", 1);
        var request = version < 6
            ? new DeleteTopicsRequest { TopicNames = ["a", "nope"] }
            : new DeleteTopicsRequest { Topics = [new() { Name = "a" }, new() { Name = "nope" }] };
        var decision = node.State.Decide(request, version);
        Assert.Equal([("a", error), ("nope", error)], decision.Reply.Responses.Select(static topic => (topic.Name, topic.ErrorCode)));
        Assert.Empty(decision.Records);
    }

    /// <summary>Whoever may not describe a topic either and gave its id is not told its name.</summary>
    [Fact]
    public void Who_may_not_delete_a_topic_leaves_it_and_learns_no_name()
    {
        var (a, b) = (_node.State.Image.FindTopic("a")!.Id, _node.State.Image.FindTopic("b")!.Id);
        var access = NothingAllowed.But(static question => question.Operation == AclOperation.Describe && question.ResourceName == "b");
        var request = new DeleteTopicsRequest { Topics = [new() { Name = "a" }, new() { Name = null, TopicId = a }, new() { Name = null, TopicId = b }] };
        var refused = _node.State.Decide(request, access);
        const ErrorCode error = ErrorCode.TopicAuthorizationFailed;
        Assert.Equal(
            [("a", Uuid.Zero, error, "Topic authorization failed."), (null, a, error, "Topic authorization failed."),
                ("b", b, error, "Topic authorization failed.")],
            Text(refused.Reply));
        Assert.Empty(refused.Records);
    }

    private Decision<DeleteTopicsResponse> Delete(params (string? Name, Uuid Id)[] topics) => _node.State.Decide(new DeleteTopicsRequest
    {
        Topics = [.. topics.Select(static topic => new DeleteTopicsRequest.DeleteTopicState { Name = topic.Name, TopicId = topic.Id })],
    });

    private static IEnumerable<(string?, Uuid, ErrorCode, string?)> Text(DeleteTopicsResponse reply) =>
        reply.Responses.Select(static topic => (topic.Name, topic.TopicId, topic.ErrorCode, topic.ErrorMessage));
}
