using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>The older way to alter settings, as the controller decides it: all of a resource at once.</summary>
public sealed class AlterConfigsTests
{
    private static readonly ConfigResource Group = new(ConfigResourceType.Group, "g");

    private readonly TestController _node = TestController.New();

    [Fact]
    public void What_is_not_named_is_taken_back()
    {
        _ = Replace(Group, ("a", "1"), ("b", "2"));
        Assert.Equal([Record(32, "g", "a", null), Record(32, "g", "b", "3"), Record(32, "g", "c", "4")], Replace(Group, ("b", "3"), ("c", "4")));
        Assert.Empty(Replace(Group, ("c", "4"), ("b", "3")));
        Assert.Equal([Record(32, "g", "b", null), Record(32, "g", "c", null)], Replace(Group));
        var refused = _node.State.ReplaceConfigs(Group, new Dictionary<string, string> { ["a"] = "bad" }, validateOnly: false);
        Assert.Equal(("a is bad", 0), (refused.Reply?.Message, refused.Records.Count));
    }

    [Fact]
    public void What_is_only_validated_is_checked_and_not_written()
    {
        var decision = _node.State.ReplaceConfigs(Group, new Dictionary<string, string> { ["a"] = "1" }, validateOnly: true);
        Assert.Equal((null, 0), (decision.Reply, decision.Records.Count));
        Assert.Equal("a is bad", _node.State.ReplaceConfigs(Group, new Dictionary<string, string> { ["a"] = "bad" }, validateOnly: true).Reply?.Message);
    }

    [Fact]
    public void Who_may_not_alter_a_resource_changes_nothing()
    {
        var request = new AlterConfigsRequest
        {
            Resources = { new() { ResourceType = 32, ResourceName = "g", Configs = { new() { Name = "a", Value = "1" } } } },
        };
        var decision = _node.State.Decide(request, NothingAllowed.Access);
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (decision.Reply.Responses[0].ErrorCode, decision.Records.Count));
    }

    private static string Record(int type, string resource, string name, string? value) =>
        $$"""ConfigRecord {"resourceType":{{type}},"resourceName":"{{resource}}","name":"{{name}}","value":{{(value is null ? "null" : $"\"{value}\"")}}}""";

    private List<string> Replace(ConfigResource resource, params (string Name, string Value)[] configs)
    {
        var decision = _node.State.ReplaceConfigs(resource, configs.ToDictionary(static c => c.Name, static c => c.Value), validateOnly: false);
        Assert.Null(decision.Reply);
        return _node.Apply(decision);
    }
}
