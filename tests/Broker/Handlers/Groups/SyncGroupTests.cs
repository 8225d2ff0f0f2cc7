using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>The leader hands in the assignment, and every member takes its own part.</summary>
public sealed class SyncGroupTests
{
    [Fact]
    public async Task Each_member_is_told_its_part_when_the_leader_hands_in_the_assignment()
    {
        await using var node = await GroupNode.Start();
        var first = await node.OnlyMember();
        var joining = await node.SecondMemberJoins();
        _ = await node.Client.Ask<JoinGroupRequest, JoinGroupResponse>(GroupNode.Joining("g", first.MemberId), 9);
        var second = new GroupMember((await joining).MemberId, 2);
        var waiting = Sync(node.Node.Connect(), Of(second));
        var lead = Of(first with { Generation = 2 });
        lead.Assignments = [new() { MemberId = first.MemberId, Assignment = [1] }, new() { MemberId = second.MemberId, Assignment = [2] }];
        var leader = await Sync(node.Client, lead);
        var follower = await waiting;
        Assert.Equal((ErrorCode.None, "consumer", "range", 1), (leader.ErrorCode, leader.ProtocolType, leader.ProtocolName, leader.Assignment[0]));
        Assert.Equal((ErrorCode.None, "consumer", "range", 2), (follower.ErrorCode, follower.ProtocolType, follower.ProtocolName, follower.Assignment[0]));
        // Whoever asks again hears the same.
        Assert.Equal([2], (await Sync(node.Client, Of(second))).Assignment);
    }

    [Fact]
    public async Task A_member_of_a_stable_group_is_told_its_part_in_any_version()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        for (short version = 0; version <= 5; version++)
        {
            var synced = await Sync(node.Client, Of(member), version);
            Assert.Equal((ErrorCode.None, version < 5 ? null : "consumer", version < 5 ? null : "range"),
                (synced.ErrorCode, synced.ProtocolType, synced.ProtocolName));
            Assert.Equal([9], synced.Assignment);
        }
    }

    [Fact]
    public async Task From_version_5_on_the_protocol_is_named_and_it_is_the_groups()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        foreach (var (type, name) in (IEnumerable<(string?, string?)>)[(null, "range"), ("consumer", null), ("connect", "range"), ("consumer", "sticky")])
        {
            var asked = Of(member);
            (asked.ProtocolType, asked.ProtocolName) = (type, name);
            Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Sync(node.Client, asked)).ErrorCode);
            Assert.Equal(ErrorCode.None, (await Sync(node.Client, asked, 4)).ErrorCode);
        }
        // That is looked at before the group is.
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, (await Sync(node.Client, new() { MemberId = "m" })).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await Sync(node.Client, new() { MemberId = "m" }, 4)).ErrorCode);
    }

    [Fact]
    public async Task Who_is_no_member_or_of_another_generation_is_told_so()
    {
        await using var node = await GroupNode.Start();
        Assert.Equal(ErrorCode.UnknownMemberId, (await Sync(node.Client, Of(new GroupMember("m", 1)))).ErrorCode);
        var member = await node.OnlyMember();
        Assert.Equal(ErrorCode.UnknownMemberId, (await Sync(node.Client, Of(member with { MemberId = "m" }))).ErrorCode);
        Assert.Equal(ErrorCode.IllegalGeneration, (await Sync(node.Client, Of(member with { Generation = 2 }))).ErrorCode);
        _ = await node.SecondMemberJoins();
        Assert.Equal(ErrorCode.RebalanceInProgress, (await Sync(node.Client, Of(member))).ErrorCode);
    }

    [Fact]
    public async Task A_static_member_goes_by_its_instance_id()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        var asked = Of(member);
        asked.GroupInstanceId = "i";
        Assert.Equal(ErrorCode.None, (await Sync(node.Client, asked)).ErrorCode);
        asked.MemberId = "other";
        Assert.Equal(ErrorCode.FencedInstanceId, (await Sync(node.Client, asked)).ErrorCode);
    }

    [Fact]
    public async Task Who_may_not_read_the_group_is_refused()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "g";
        var refused = await Sync(node.Client, Of(new GroupMember("m", 1)));
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (refused.ErrorCode, refused.Assignment.Length));
    }

    private static SyncGroupRequest Of(GroupMember member) => new()
    {
        GroupId = "g",
        MemberId = member.MemberId,
        GenerationId = member.Generation,
        ProtocolType = "consumer",
        ProtocolName = "range",
    };

    private static Task<SyncGroupResponse> Sync(MemoryClient client, SyncGroupRequest request, short version = 5) =>
        client.Ask<SyncGroupRequest, SyncGroupResponse>(request, version);
}
