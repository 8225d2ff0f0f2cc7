using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What an operator is shown of groups and their members.</summary>
public sealed class DescribeGroupsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_stable_group_is_shown_with_its_members(short version)
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        var group = Assert.Single((await Describe(node, version, "g")).Groups);
        Assert.Equal((ErrorCode.None, "g", "Stable", "consumer", "range"),
            (group.ErrorCode, group.GroupId, group.GroupState, group.ProtocolType, group.ProtocolData));
        var shown = Assert.Single(group.Members);
        Assert.Equal((member.MemberId, version < 4 ? null : "i", "test", "/127.0.0.1"),
            (shown.MemberId, shown.GroupInstanceId, shown.ClientId, shown.ClientHost));
        Assert.Equal([1], shown.MemberMetadata);
        Assert.Equal([9], shown.MemberAssignment);
    }

    [Fact]
    public async Task While_a_group_rebalances_neither_protocol_nor_metadata_is_shown()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        _ = await node.SecondMemberJoins();
        var group = await node.Describe();
        Assert.Equal(("PreparingRebalance", "consumer", ""), (group.GroupState, group.ProtocolType, group.ProtocolData));
        Assert.Equal(2, group.Members.Count);
        Assert.All(group.Members, static shown => Assert.Empty(shown.MemberMetadata));
        Assert.Contains(group.Members, shown => shown.MemberId == member.MemberId);
    }

    [Theory]
    [InlineData(5, ErrorCode.None, null)]
    [InlineData(6, ErrorCode.GroupIdNotFound, "Group none not found.")]
    public async Task A_group_that_does_not_exist_is_dead_and_from_version_6_on_an_error(short version, ErrorCode error, string? message)
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        var groups = (await Describe(node, version, "none", "g", "")).Groups;
        Assert.Equal(["none Dead", "g Empty", " Dead"], groups.Select(static group => $"{group.GroupId} {group.GroupState}"));
        Assert.Equal((error, message), (groups[0].ErrorCode, groups[0].ErrorMessage));
        Assert.Equal((ErrorCode.None, null), (groups[1].ErrorCode, groups[1].ErrorMessage));
    }

    [Fact]
    public async Task What_the_client_may_do_is_told_where_it_asks_and_there_is_no_error()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        node.Rules.Denies = static question => question.ResourceName == "secret";
        var asked = new DescribeGroupsRequest { Groups = ["g", "none", "secret"], IncludeAuthorizedOperations = true };
        var groups = (await node.Client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(asked, 6)).Groups;
        // Describe, Delete, Read, and both of its configuration.
        Assert.Equal([3400, int.MinValue, int.MinValue], groups.Select(static group => group.AuthorizedOperations));
        Assert.Equal(ErrorCode.GroupAuthorizationFailed, groups[2].ErrorCode);
        Assert.Equal(int.MinValue, (await node.Describe()).AuthorizedOperations);
    }

    private static Task<DescribeGroupsResponse> Describe(GroupNode node, short version, params string[] groups) =>
        node.Client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = [.. groups] }, version);
}
