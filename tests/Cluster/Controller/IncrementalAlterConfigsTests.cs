using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Alterations of settings as the controller decides them: which records an alteration writes, and that a refused one writes none.</summary>
public sealed class IncrementalAlterConfigsTests
{
    private static readonly ConfigResource ThisBroker = new(ConfigResourceType.Broker, "1");
    private static readonly ConfigResource Group = new(ConfigResourceType.Group, "g");

    private readonly TestController _node = TestController.New();

    public IncrementalAlterConfigsTests() => Assert.Equal(ErrorCode.None, _node.CreateTopic("t", 1).ErrorCode);

    [Fact]
    public void A_value_is_written_once_and_taken_back_once()
    {
        Assert.Equal([Record(2, "t", "a", "1")], Alter(ConfigResource.Topic("t"), Set("a", "1")));
        Assert.Empty(Alter(ConfigResource.Topic("t"), Set("a", "1")));
        Assert.Equal([Record(2, "t", "a", null)], Alter(ConfigResource.Topic("t"), Delete("a")));
        Assert.Empty(Alter(ConfigResource.Topic("t"), Delete("a")));
        Assert.Empty(_node.State.Image.ConfigsOf(ConfigResource.Topic("t")));
    }

    [Fact]
    public void Records_come_in_the_order_of_names() =>
        Assert.Equal([Record(32, "g", "a", "1"), Record(32, "g", "b", "2")], Alter(Group, Set("b", "2"), Set("a", "1")));

    [Fact]
    public void What_is_set_for_a_broker_is_written_though_it_is_as_before()
    {
        _ = Alter(ThisBroker, Set("a", "1"), Set("b", "2"));
        Assert.Equal([Record(4, "1", "a", "1")], Alter(ThisBroker, Set("a", "1")));
        Assert.Equal([Record(4, "1", "b", null)], Alter(ThisBroker, Delete("b"), Delete("never")));
    }

    [Theory]
    [InlineData(null, "compact", "delete,compact")]
    [InlineData(null, "delete", "delete")]
    [InlineData("", "compact", "compact")]
    [InlineData("delete", "", "delete,")]
    [InlineData("delete", ",", "delete")]
    [InlineData("delete", ",compact", "delete,,compact")]
    [InlineData("delete", "compact,,", "delete,compact")]
    [InlineData("compact", "delete,compact,delete", "compact,delete")]
    [InlineData("compact", " compact", "compact, compact")]
    public void Appending_adds_what_is_missing_to_what_is_set_or_to_the_default(string? set, string appended, string? after)
    {
        if (set is not null) _ = Alter(ConfigResource.Topic("t"), Set("cleanup.policy", set));
        _ = Alter(ConfigResource.Topic("t"), new ConfigChange("cleanup.policy", ConfigOperation.Append, appended));
        Assert.Equal(after, _node.State.Image.ConfigsOf(ConfigResource.Topic("t")).GetValueOrDefault("cleanup.policy"));
    }

    [Theory]
    [InlineData(null, "delete", "")]
    [InlineData(null, "compact", "delete")]
    [InlineData(null, "", "delete")]
    [InlineData(null, " delete", "delete")]
    [InlineData("compact,delete", "delete", "compact")]
    [InlineData("compact,delete", "delete,compact,other", "")]
    public void Subtracting_takes_away_what_is_there(string? set, string subtracted, string? after)
    {
        if (set is not null) _ = Alter(ConfigResource.Topic("t"), Set("cleanup.policy", set));
        _ = Alter(ConfigResource.Topic("t"), new ConfigChange("cleanup.policy", ConfigOperation.Subtract, subtracted));
        Assert.Equal(after, _node.State.Image.ConfigsOf(ConfigResource.Topic("t")).GetValueOrDefault("cleanup.policy"));
    }

    [Theory]
    [InlineData(ConfigOperation.Append, "Can't APPEND to key a because its type is not LIST.")]
    [InlineData(ConfigOperation.Subtract, "Can't SUBTRACT to key a because its type is not LIST.")]
    public void Only_lists_grow_and_shrink(ConfigOperation operation, string message) =>
        Refused(Group, new(ErrorCode.InvalidConfig, message), new ConfigChange("a", operation, "1"));

    [Fact]
    public void An_operation_that_nobody_knows_is_refused() =>
        Refused(Group, new(ErrorCode.UnknownServerError, null), new ConfigChange("a", (ConfigOperation)7, "1"));

    [Fact]
    public void One_bad_value_refuses_all_of_a_resource()
    {
        Refused(Group, new(ErrorCode.InvalidConfig, "b is bad"), Set("a", "1"), Set("b", "bad"));
        Assert.Empty(_node.State.Image.ConfigsOf(Group));
    }

    [Theory]
    [InlineData(ConfigResourceType.Topic, "", ErrorCode.InvalidRequest, "Default topic resources are not allowed.")]
    [InlineData(ConfigResourceType.Topic, "nobody", ErrorCode.UnknownTopicOrPartition, "The topic 'nobody' does not exist.")]
    [InlineData(ConfigResourceType.Group, "", ErrorCode.InvalidRequest, "Default group resources are not allowed.")]
    [InlineData(ConfigResourceType.ClientMetrics, "", ErrorCode.InvalidRequest, "Subscription name can't be empty")]
    [InlineData(ConfigResourceType.Unknown, "x", ErrorCode.InvalidRequest, "Unknown resource type 0")]
    [InlineData((ConfigResourceType)99, "x", ErrorCode.InvalidRequest, "Unknown resource type 99")]
    public void What_cannot_have_settings_is_refused(ConfigResourceType type, string name, ErrorCode error, string message) =>
        Refused(new ConfigResource(type, name), new(error, message), Set("a", "1"));

    [Fact]
    public void What_no_topic_can_have_is_told_before_that_there_is_no_such_topic() =>
        Refused(ConfigResource.Topic("nobody"), new(ErrorCode.InvalidConfig, "a is bad"), Set("a", "bad"));

    [Fact]
    public void Validation_alone_refuses_the_same_and_writes_nothing()
    {
        var decision = _node.State.AlterConfigs(Group, [Set("a", "1")], validateOnly: true);
        Assert.Null(decision.Reply);
        Assert.Empty(decision.Records);
        Assert.Equal("a is bad", _node.State.AlterConfigs(Group, [Set("a", "bad")], validateOnly: true).Reply?.Message);
    }

    [Fact]
    public void The_smallest_in_sync_set_belongs_to_the_cluster_while_eligible_leaders_are_kept()
    {
        const string Min = "min.insync.replicas";
        Refused(ThisBroker, new(ErrorCode.InvalidConfig, "Broker-level min.insync.replicas cannot be altered while ELR is enabled."), Set(Min, "2"));
        Refused(ConfigResource.AllBrokers, new(ErrorCode.InvalidConfig, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."),
            Delete(Min));
        Assert.Equal([Record(4, "", Min, "2"), """ClearElrRecord {"topicName":""}"""], Alter(ConfigResource.AllBrokers, Set(Min, "2")));
        Assert.Equal([Record(2, "t", Min, "2"), """ClearElrRecord {"topicName":"t"}"""], Alter(ConfigResource.Topic("t"), Set(Min, "2")));
        Assert.Equal(["""ClearElrRecord {"topicName":"t"}"""], Alter(ConfigResource.Topic("t"), Set(Min, "2")));
    }

    [Fact]
    public void Each_resource_is_answered_by_itself()
    {
        var decision = _node.State.Decide(new IncrementalAlterConfigsRequest
        {
            Resources =
            {
                new() { ResourceType = 32, ResourceName = "g", Configs = { new() { Name = "a", Value = "1" } } },
                new() { ResourceType = 2, ResourceName = "nobody", Configs = { new() { Name = "a", Value = "1" } } },
                new() { ResourceType = 16, ResourceName = "m", Configs = { new() { Name = "a", Value = "2" } } },
            },
        });
        Assert.Equal(
            [(ErrorCode.None, 32, "g"), (ErrorCode.UnknownTopicOrPartition, 2, "nobody"), (ErrorCode.None, 16, "m")],
            decision.Reply.Responses.Select(static answer => (answer.ErrorCode, (int)answer.ResourceType, answer.ResourceName)));
        Assert.Equal([Record(32, "g", "a", "1"), Record(16, "m", "a", "2")], _node.Apply(decision));
    }

    [Theory]
    [InlineData(ConfigResourceType.Topic, "t", ErrorCode.TopicAuthorizationFailed)]
    [InlineData(ConfigResourceType.Group, "g", ErrorCode.GroupAuthorizationFailed)]
    [InlineData(ConfigResourceType.ClientMetrics, "m", ErrorCode.ClusterAuthorizationFailed)]
    public void Who_may_not_alter_a_resource_changes_nothing(ConfigResourceType type, string name, ErrorCode error)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = { new() { ResourceType = (sbyte)type, ResourceName = name, Configs = { new() { Name = "a", Value = "1" } } } },
        };
        var decision = _node.State.Decide(request, NothingAllowed.Access);
        Assert.Equal((error, 0), (decision.Reply.Responses[0].ErrorCode, decision.Records.Count));
    }

    private static ConfigChange Set(string name, string value) => new(name, ConfigOperation.Set, value);

    private static ConfigChange Delete(string name) => new(name, ConfigOperation.Delete, null);

    private static string Record(int type, string resource, string name, string? value) =>
        $$"""ConfigRecord {"resourceType":{{type}},"resourceName":"{{resource}}","name":"{{name}}","value":{{(value is null ? "null" : $"\"{value}\"")}}}""";

    private List<string> Alter(ConfigResource resource, params ConfigChange[] changes)
    {
        var decision = _node.State.AlterConfigs(resource, changes, validateOnly: false);
        Assert.Null(decision.Reply);
        return _node.Apply(decision);
    }

    private void Refused(ConfigResource resource, ConfigProblem problem, params ConfigChange[] changes)
    {
        var decision = _node.State.AlterConfigs(resource, changes, validateOnly: false);
        Assert.Equal(problem, decision.Reply);
        Assert.Empty(decision.Records);
    }
}
