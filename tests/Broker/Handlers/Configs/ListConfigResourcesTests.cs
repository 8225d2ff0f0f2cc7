using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What can be configured by name: kafka-configs and kafka-client-metrics list it.</summary>
public sealed class ListConfigResourcesTests() : NodeTests("t")
{
    private protected override Task Prepare()
    {
        Node.Configure(new ConfigResource(ConfigResourceType.Group, "g"), "share.isolation.level", "read_committed");
        Node.Configure(new ConfigResource(ConfigResourceType.ClientMetrics, "m"), "interval.ms", "1000");
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Without_a_type_everything_is_listed_in_Kafkas_order() =>
        Assert.Equal([(32, "g"), (16, "m"), (8, "1"), (4, "1"), (2, "t")], await List(1));

    [Fact]
    public async Task Version_0_knows_subscriptions_of_client_metrics_alone() => Assert.Equal([(16, "m")], await List(0));

    [Fact]
    public async Task Types_are_listed_once_in_Kafkas_order_whatever_their_order() =>
        Assert.Equal([(32, "g"), (8, "1"), (2, "t")], await List(1, 2, 32, 8, 2));

    [Fact]
    public async Task What_has_no_settings_any_more_is_not_listed()
    {
        Node.Configure(new ConfigResource(ConfigResourceType.Group, "g"), "share.isolation.level", null);
        Node.Configure(new ConfigResource(ConfigResourceType.ClientMetrics, "a"), "interval.ms", "1000");
        Assert.Equal([(16, "a"), (16, "m")], await List(1, 16, 32));
    }

    [Fact]
    public async Task A_type_that_is_none_refuses_the_request()
    {
        var unknown = await Client.Ask<ListConfigResourcesRequest, ListConfigResourcesResponse>(new() { ResourceTypes = { 2, 99 } }, 1);
        Assert.Equal((ErrorCode.UnsupportedVersion, 0), (unknown.ErrorCode, unknown.ConfigResources.Count));
    }

    [Fact]
    public async Task Who_may_not_describe_settings_of_the_cluster_is_told_so()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.Operation == AclOperation.DescribeConfigs;
        var refused = await node.Client.Ask<ListConfigResourcesRequest, ListConfigResourcesResponse>(new(), 1);
        Assert.Equal((ErrorCode.ClusterAuthorizationFailed, 0), (refused.ErrorCode, refused.ConfigResources.Count));
    }

    private async Task<IEnumerable<(int Type, string Name)>> List(short version, params sbyte[] types)
    {
        var response = await Client.Ask<ListConfigResourcesRequest, ListConfigResourcesResponse>(new() { ResourceTypes = [.. types] }, version);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return response.ConfigResources.Select(static resource => ((int)resource.ResourceType, resource.ResourceName));
    }
}
