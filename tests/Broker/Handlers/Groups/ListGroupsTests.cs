using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>All groups that this node coordinates, by their states and types.</summary>
public sealed class ListGroupsTests
{
    [Theory]
    [InlineData(0, "", "")]
    [InlineData(3, "", "")]
    [InlineData(4, "Stable", "")]
    [InlineData(5, "Stable", "classic")]
    public async Task A_group_is_listed_in_the_shape_of_the_version(short version, string state, string type)
    {
        await using var node = await GroupNode.Start();
        _ = await node.OnlyMember();
        var listed = await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), version);
        var group = Assert.Single(listed.Groups);
        Assert.Equal((ErrorCode.None, "g", "consumer", state, type),
            (listed.ErrorCode, group.GroupId, group.ProtocolType, group.GroupState, group.GroupType));
    }

    [Theory]
    [InlineData("sTABLE", null, "stable")]
    [InlineData("Empty", "Classic", "empty")]
    [InlineData(null, "classic", "empty,stable")]
    [InlineData(null, "share", "")]
    [InlineData("Dead", null, "")]
    [InlineData("no state", null, "")]
    public async Task States_and_types_are_filtered_by_whatever_their_case(string? state, string? type, string expected)
    {
        await using var node = await GroupNode.Start();
        await node.Commit("empty", 1);
        _ = await node.OnlyMember("stable");
        var asked = new ListGroupsRequest { StatesFilter = state is null ? [] : [state], TypesFilter = type is null ? [] : [type] };
        var listed = await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(asked, 5);
        Assert.Equal(expected, string.Join(",", listed.Groups.Select(static group => group.GroupId).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_group_without_members_is_listed_with_no_protocol()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 1);
        var group = Assert.Single((await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups);
        Assert.Equal(("", "Empty", "classic"), (group.ProtocolType, group.GroupState, group.GroupType));
    }

    [Fact]
    public async Task Who_may_not_describe_the_cluster_sees_the_groups_that_it_may_describe()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 1);
        await node.Commit("secret", 1);
        node.Rules.Denies = static question => question.ResourceName == "secret";
        Assert.Equal(2, (await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups.Count);
        node.Rules.Denies = static question => question.ResourceType == ResourceType.Cluster || question.ResourceName == "secret";
        var listed = await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5);
        Assert.Equal((ErrorCode.None, "g"), (listed.ErrorCode, Assert.Single(listed.Groups).GroupId));
    }

    [Fact]
    public async Task A_group_stays_where_it_is_when_its_topic_gets_more_partitions()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5, 6);
        var more = new CreatePartitionsRequest { Topics = { new() { Name = "__consumer_offsets", Count = 5, Assignments = null } }, TimeoutMs = 120_000 };
        Assert.Equal(ErrorCode.None, (await node.Client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(more, 3)).Results[0].ErrorCode);
        // Listing groups asks every partition, and those that were added are read first like any other.
        await node.Node.GroupsLoaded(5);
        Assert.Equal([(0, 5), (1, 6)], await node.Offsets());
        Assert.Equal("g", Assert.Single((await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups).GroupId);
    }
}
