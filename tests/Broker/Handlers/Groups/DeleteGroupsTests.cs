using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Groups that an operator removes.</summary>
public sealed class DeleteGroupsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_group_goes_with_its_offsets_and_is_answered_once(short version)
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5, 6);
        var answer = await Delete(node, version, "none", "g", "none", "");
        Assert.Equal([("none", ErrorCode.GroupIdNotFound), ("g", ErrorCode.None), ("", ErrorCode.GroupIdNotFound)],
            answer.Select(static result => (result.GroupId, result.ErrorCode)));
        Assert.All(answer, static result => Assert.Null(result.ErrorMessage));
        Assert.Empty((await node.Client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups);
        Assert.Empty(await node.Offsets());
    }

    [Fact]
    public async Task A_group_with_members_stays()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        Assert.Equal(ErrorCode.NonEmptyGroup, Assert.Single(await Delete(node, 3, "g")).ErrorCode);
        var leave = new LeaveGroupRequest { GroupId = "g", Members = [new() { MemberId = member.MemberId }] };
        _ = await node.Client.Ask<LeaveGroupRequest, LeaveGroupResponse>(leave, 5);
        Assert.Equal(ErrorCode.None, Assert.Single(await Delete(node, 3, "g")).ErrorCode);
        Assert.Equal("Dead", (await node.Describe()).GroupState);
    }

    [Fact]
    public async Task A_group_that_may_not_be_deleted_stays_and_another_goes()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        await node.Commit("secret", 6);
        node.Rules.Denies = static question => question.ResourceName == "secret";
        Assert.Equal([("secret", ErrorCode.GroupAuthorizationFailed), ("g", ErrorCode.None)],
            (await Delete(node, 3, "secret", "g")).Select(static result => (result.GroupId, result.ErrorCode)));
        node.Rules.Denies = static _ => false;
        Assert.Equal([(0, 6)], await node.Offsets("secret"));
    }

    private static async Task<IReadOnlyList<DeleteGroupsResponse.DeletableGroupResult>> Delete(GroupNode node, short version, params string[] groups) =>
        (await node.Client.Ask<DeleteGroupsRequest, DeleteGroupsResponse>(new() { GroupsNames = [.. groups] }, version)).Results;
}
