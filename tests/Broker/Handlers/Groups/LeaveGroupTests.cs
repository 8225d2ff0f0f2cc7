using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Members leave: one of itself up to version 2, several at an operator's word from version 3 on.</summary>
public sealed class LeaveGroupTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task A_group_whose_only_member_leaves_is_empty(short version)
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        var left = await Leave(node, "g", version, (member.MemberId, null));
        Assert.Equal(ErrorCode.None, left.ErrorCode);
        Assert.Equal(version < 3 ? [] : [(member.MemberId, null, ErrorCode.None)],
            left.Members.Select(static one => (one.MemberId, one.GroupInstanceId, one.ErrorCode)));
        Assert.Equal("Empty", (await node.Describe()).GroupState);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Who_is_no_member_is_told_so_where_the_version_has_the_place(short version)
    {
        await using var node = await GroupNode.Start();
        foreach (var isThere in (bool[])[false, true])
        {
            if (isThere) _ = await node.OnlyMember();
            var left = await Leave(node, "g", version, ("m", null));
            if (version < 3) Assert.Equal((ErrorCode.UnknownMemberId, 0), (left.ErrorCode, left.Members.Count));
            else Assert.Equal((ErrorCode.None, ErrorCode.UnknownMemberId), (left.ErrorCode, left.Members[0].ErrorCode));
        }
    }

    [Fact]
    public async Task Several_members_are_taken_out_at_once_static_ones_by_their_instance_alone()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        var left = await Leave(node, "g", 5, ("", "nobody"), ("other", "i"), ("", "i"));
        Assert.Equal(
            [("", "nobody", ErrorCode.UnknownMemberId), ("other", "i", ErrorCode.FencedInstanceId), (member.MemberId, "i", ErrorCode.None)],
            left.Members.Select(one => (one.ErrorCode == ErrorCode.None ? member.MemberId : one.MemberId, one.GroupInstanceId, one.ErrorCode)));
        Assert.Equal("Empty", (await node.Describe()).GroupState);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task An_empty_group_id_and_a_group_that_may_not_be_read_are_refused(short version)
    {
        await using var node = await GroupNode.Start();
        var nameless = await Leave(node, "", version, ("m", null));
        Assert.Equal((ErrorCode.InvalidGroupId, 0), (nameless.ErrorCode, nameless.Members.Count));
        node.Rules.Denies = static question => question.ResourceName == "g";
        var refused = await Leave(node, "g", version, ("m", null));
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (refused.ErrorCode, refused.Members.Count));
    }

    private static Task<LeaveGroupResponse> Leave(GroupNode node, string group, short version, params (string MemberId, string? Instance)[] members)
    {
        var request = new LeaveGroupRequest { GroupId = group };
        if (version < 3) request.MemberId = members[0].MemberId;
        else
            request.Members = [.. members.Select(static m => new LeaveGroupRequest.MemberIdentity { MemberId = m.MemberId, GroupInstanceId = m.Instance })];
        return node.Client.Ask<LeaveGroupRequest, LeaveGroupResponse>(request, version);
    }
}
