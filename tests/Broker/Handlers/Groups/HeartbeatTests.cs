using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A member's sign of life, and what a member learns by it.</summary>
public sealed class HeartbeatTests
{
    [Fact]
    public async Task A_member_of_a_stable_group_hears_of_nothing_in_any_version()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        for (short version = 0; version <= 4; version++)
            Assert.Equal(ErrorCode.None, await Beat(node, member, version: version));
    }

    [Fact]
    public async Task A_member_is_asked_to_join_again_when_another_one_comes()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        var joining = await node.SecondMemberJoins();
        Assert.Equal(ErrorCode.RebalanceInProgress, await Beat(node, member));
        var again = await node.Client.Ask<JoinGroupRequest, JoinGroupResponse>(GroupNode.Joining("g", member.MemberId), 9);
        Assert.Equal((ErrorCode.None, 2), (again.ErrorCode, again.GenerationId));
        Assert.Equal((ErrorCode.None, 2), ((await joining).ErrorCode, (await joining).GenerationId));
        // Until the leader hands in the assignment the new generation's heartbeats are in order.
        Assert.Equal(ErrorCode.None, await Beat(node, member with { Generation = 2 }));
        Assert.Equal(ErrorCode.IllegalGeneration, await Beat(node, member));
    }

    [Fact]
    public async Task Who_is_no_member_or_of_another_generation_is_told_so()
    {
        await using var node = await GroupNode.Start();
        Assert.Equal(ErrorCode.UnknownMemberId, await Beat(node, new GroupMember("m", 1)));
        var member = await node.OnlyMember();
        Assert.Equal(ErrorCode.UnknownMemberId, await Beat(node, member with { MemberId = "m" }));
        Assert.Equal(ErrorCode.IllegalGeneration, await Beat(node, member with { Generation = 7 }));
        Assert.Equal(ErrorCode.InvalidGroupId, await Beat(node, member, group: ""));
    }

    [Fact]
    public async Task A_static_member_goes_by_its_instance_id()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        Assert.Equal(ErrorCode.None, await Beat(node, member, instance: "i"));
        Assert.Equal(ErrorCode.FencedInstanceId, await Beat(node, member with { MemberId = "other" }, instance: "i"));
        Assert.Equal(ErrorCode.UnknownMemberId, await Beat(node, member, instance: "nobody"));
    }

    [Fact]
    public async Task Who_may_not_read_the_group_is_refused()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        node.Rules.Denies = static question => question.ResourceName == "g";
        Assert.Equal(ErrorCode.GroupAuthorizationFailed, await Beat(node, member));
    }

    private static async Task<ErrorCode> Beat(GroupNode node, GroupMember member, string group = "g", string? instance = null, short version = 4) =>
        (await node.Client.Ask<HeartbeatRequest, HeartbeatResponse>(
            new() { GroupId = group, MemberId = member.MemberId, GenerationId = member.Generation, GroupInstanceId = instance }, version)).ErrorCode;
}
