using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A member comes into a group of the classic protocol, or comes back.</summary>
public sealed class JoinGroupTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task What_cannot_join_is_refused_in_the_shape_of_the_version(short version)
    {
        await using var node = await GroupNode.Start();
        var nameless = await Join(node, GroupNode.Joining(""), version);
        Assert.Equal((ErrorCode.InvalidGroupId, -1, version < 7 ? "" : null), (nameless.ErrorCode, nameless.GenerationId, nameless.ProtocolName));
        var stranger = await Join(node, GroupNode.Joining("g", "zzz"), version);
        Assert.Equal((ErrorCode.UnknownMemberId, "zzz"), (stranger.ErrorCode, stranger.MemberId));
        foreach (var timeoutMs in (int[])[10, 1_800_001])
        {
            var asked = GroupNode.Joining("g");
            asked.SessionTimeoutMs = timeoutMs;
            Assert.Equal(ErrorCode.InvalidSessionTimeout, (await Join(node, asked, version)).ErrorCode);
        }
        var aimless = GroupNode.Joining("g");
        aimless.Protocols = [];
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Join(node, aimless, version)).ErrorCode);
        var typeless = GroupNode.Joining("g");
        typeless.ProtocolType = "";
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Join(node, typeless, version)).ErrorCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Up_to_version_3_a_member_without_an_id_joins_at_once(short version)
    {
        await using var node = await GroupNode.Start();
        var joined = await Join(node, GroupNode.Joining("g"), version);
        Assert.Equal((ErrorCode.None, 1, null, "range", joined.MemberId),
            (joined.ErrorCode, joined.GenerationId, joined.ProtocolType, joined.ProtocolName, joined.Leader));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task From_version_4_on_a_member_is_given_an_id_and_comes_back_with_it(short version)
    {
        await using var node = await GroupNode.Start();
        var pending = await Join(node, GroupNode.Joining("g"), version);
        Assert.Equal((ErrorCode.MemberIdRequired, -1), (pending.ErrorCode, pending.GenerationId));
        Assert.StartsWith("test-", pending.MemberId, StringComparison.Ordinal);
        var joined = await Join(node, GroupNode.Joining("g", pending.MemberId), version);
        Assert.Equal((ErrorCode.None, 1, version < 7 ? null : "consumer", "range", pending.MemberId),
            (joined.ErrorCode, joined.GenerationId, joined.ProtocolType, joined.ProtocolName, joined.Leader));
    }

    [Fact]
    public async Task The_leader_alone_is_told_the_members_and_what_each_brought()
    {
        await using var node = await GroupNode.Start();
        var first = await node.OnlyMember();
        var joining = await node.SecondMemberJoins();
        var asked = GroupNode.Joining("g", first.MemberId);
        asked.Protocols = [new() { Name = "sticky", Metadata = [7] }, new() { Name = "range", Metadata = [2] }];
        asked.Reason = "another one came";
        var leader = await Join(node, asked);
        var follower = await joining;
        Assert.Equal((ErrorCode.None, 2, "range", first.MemberId, false),
            (leader.ErrorCode, leader.GenerationId, leader.ProtocolName, leader.Leader, leader.SkipAssignment));
        Assert.Equal((ErrorCode.None, 2, "range", first.MemberId), (follower.ErrorCode, follower.GenerationId, follower.ProtocolName, follower.Leader));
        // Of the protocols of each the one that all can do.
        Assert.Equal(
            new (string, byte)[] { (first.MemberId, 2), (follower.MemberId, 1) }.Order(),
            leader.Members.Select(static member => (member.MemberId, Assert.Single(member.Metadata))).Order());
        Assert.Empty(follower.Members);
    }

    [Fact]
    public async Task Who_has_no_protocol_in_common_with_the_group_is_refused()
    {
        await using var node = await GroupNode.Start();
        _ = await node.OnlyMember();
        var other = GroupNode.Joining("g");
        other.Protocols = [new() { Name = "sticky", Metadata = [1] }];
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Join(node, other)).ErrorCode);
        other = GroupNode.Joining("g");
        other.ProtocolType = "connect";
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Join(node, other)).ErrorCode);
    }

    [Fact]
    public async Task A_full_group_takes_nobody_more()
    {
        await using var node = await GroupNode.Start(("group.max.size", "1"));
        var member = await node.OnlyMember();
        var refused = await Join(node, GroupNode.Joining("g"));
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (refused.ErrorCode, refused.MemberId));
        Assert.Equal(member.MemberId, Assert.Single((await node.Describe()).Members).MemberId);
    }

    /// <summary>With the same protocols nothing changes for the group: no rebalance, and from version 9 on a leader learns that it need not assign.</summary>
    [Theory]
    [InlineData(5, false)]
    [InlineData(9, true)]
    public async Task A_static_member_comes_back_into_the_same_generation(short version, bool skips)
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        var back = await Join(node, GroupNode.Joining("g", instance: "i"), version);
        Assert.Equal((ErrorCode.None, 1, skips), (back.ErrorCode, back.GenerationId, back.SkipAssignment));
        Assert.NotEqual(member.MemberId, back.MemberId);
        Assert.StartsWith("i-", back.MemberId, StringComparison.Ordinal);
        var fenced = await Join(node, GroupNode.Joining("g", member.MemberId, "i"), version);
        Assert.Equal((ErrorCode.FencedInstanceId, member.MemberId), (fenced.ErrorCode, fenced.MemberId));
        var described = await node.Describe();
        Assert.Equal(("Stable", "i", back.MemberId), (described.GroupState, described.Members[0].GroupInstanceId, described.Members[0].MemberId));
    }

    [Theory]
    [InlineData(6, "")]
    [InlineData(7, null)]
    public async Task Who_may_not_read_the_group_is_refused(short version, string? protocol)
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "g";
        var refused = await Join(node, GroupNode.Joining("g"), version);
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, -1, protocol), (refused.ErrorCode, refused.GenerationId, refused.ProtocolName));
    }

    private static Task<JoinGroupResponse> Join(GroupNode node, JoinGroupRequest request, short version = 9) =>
        node.Client.Ask<JoinGroupRequest, JoinGroupResponse>(request, version);
}
