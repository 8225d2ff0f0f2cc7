using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>The older way to alter settings: all of a resource at once.</summary>
public sealed class AlterConfigsTests() : NodeTests("t", settings: ("log.retention.ms", TestNode.KafkasDefault))
{
    [Fact]
    public async Task All_settings_are_set_at_once_and_those_that_are_not_named_taken_back()
    {
        Assert.Equal(ErrorCode.None, (await Replace(("retention.ms", "5"), ("segment.ms", "6"))).ErrorCode);
        Assert.Equal(ErrorCode.None, (await Replace(("retention.ms", "7"))).ErrorCode);
        Assert.Equal(("7", "604800000"), (await Value("retention.ms"), await Value("segment.ms")));
        Assert.Equal(ErrorCode.InvalidConfig, (await Replace(("retention.ms", "bad"))).ErrorCode);
        Assert.Equal(ErrorCode.None, (await Replace()).ErrorCode);
        Assert.Equal("604800000", await Value("retention.ms"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Each_resource_is_answered_by_itself_in_any_version(short version)
    {
        var request = Of(("retention.ms", "5"));
        request.Resources.Add(new() { ResourceType = 2, ResourceName = "missing", Configs = { new() { Name = "retention.ms", Value = "5" } } });
        request.Resources.Add(new() { ResourceType = 8, ResourceName = "1", Configs = { new() { Name = "root", Value = "INFO" } } });
        var answers = (await Client.Ask<AlterConfigsRequest, AlterConfigsResponse>(request, version)).Responses;
        Assert.Equal(
            [(ErrorCode.None, null, 2, "t"), (ErrorCode.UnknownTopicOrPartition, "The topic 'missing' does not exist.", 2, "missing"),
                (ErrorCode.InvalidRequest, "Unknown resource type 8", 8, "1")],
            answers.Select(static answer => (answer.ErrorCode, answer.ErrorMessage, (int)answer.ResourceType, answer.ResourceName)));
        Assert.Equal("5", await Value("retention.ms"));
    }

    [Fact]
    public async Task What_is_only_validated_changes_nothing()
    {
        var request = Of(("retention.ms", "5"));
        request.ValidateOnly = true;
        Assert.Equal(ErrorCode.None, Assert.Single((await Client.Ask<AlterConfigsRequest, AlterConfigsResponse>(request, 2)).Responses).ErrorCode);
        Assert.Equal("604800000", await Value("retention.ms"));
    }

    [Fact]
    public async Task What_is_named_twice_and_a_value_of_null_are_refused()
    {
        var twice = Of(("retention.ms", "5"));
        twice.Resources.Add(twice.Resources[0]);
        Assert.All((await Client.Ask<AlterConfigsRequest, AlterConfigsResponse>(twice, 2)).Responses, static answer =>
            Assert.Equal((ErrorCode.InvalidRequest, "Each resource must appear at most once."), (answer.ErrorCode, answer.ErrorMessage)));
        var answer = await Replace(("retention.ms", "5"), ("retention.ms", "6"));
        Assert.Equal((ErrorCode.InvalidRequest, "Error due to duplicate config keys"), (answer.ErrorCode, answer.ErrorMessage));
        answer = await Replace(("retention.ms", null));
        Assert.Equal((ErrorCode.InvalidRequest, "Null value not supported for : retention.ms"), (answer.ErrorCode, answer.ErrorMessage));
    }

    [Theory]
    [InlineData(2, "t", ErrorCode.TopicAuthorizationFailed)]
    [InlineData(4, "1", ErrorCode.ClusterAuthorizationFailed)]
    [InlineData(32, "g", ErrorCode.GroupAuthorizationFailed)]
    public async Task Who_may_not_alter_a_resource_is_told_so_for_it(sbyte type, string resource, ErrorCode error)
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.AlterConfigs;
        var request = new AlterConfigsRequest { Resources = { new() { ResourceType = type, ResourceName = resource } } };
        Assert.Equal(error, (await node.Client.Ask<AlterConfigsRequest, AlterConfigsResponse>(request, 2)).Responses[0].ErrorCode);
    }

    private static AlterConfigsRequest Of(params (string Name, string? Value)[] configs)
    {
        var request = new AlterConfigsRequest { Resources = { new() { ResourceType = 2, ResourceName = "t" } } };
        foreach (var (name, value) in configs) request.Resources[0].Configs.Add(new() { Name = name, Value = value });
        return request;
    }

    private async Task<AlterConfigsResponse.AlterConfigsResourceResponse> Replace(params (string Name, string? Value)[] configs) =>
        Assert.Single((await Client.Ask<AlterConfigsRequest, AlterConfigsResponse>(Of(configs), 2)).Responses);

    private async Task<string?> Value(string name)
    {
        var request = new DescribeConfigsRequest { Resources = { new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = [name] } } };
        return Assert.Single((await Client.Ask<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4)).Results[0].Configs).Value;
    }
}
