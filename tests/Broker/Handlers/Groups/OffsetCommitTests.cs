using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Offsets that members commit, and operators for groups without members.</summary>
public sealed class OffsetCommitTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task What_does_not_exist_is_refused_and_the_rest_is_committed(short version)
    {
        await using var node = await GroupNode.Start();
        var answer = await Commit(node, version, "g", [(0, 5), (1, 6), (7, 1)], alsoNope: true);
        var (id, none) = version >= 10 ? (node.TopicId, GroupNode.NoTopic) : (Uuid.Zero, Uuid.Zero);
        Assert.Equal(
            [(id, 7, ErrorCode.UnknownTopicOrPartition), (id, 0, ErrorCode.None), (id, 1, ErrorCode.None),
                (none, 0, version >= 10 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition)],
            answer.Topics.SelectMany(static t => t.Partitions.Select(p => (t.TopicId, p.PartitionIndex, p.ErrorCode))));
        Assert.Equal([(0, 5), (1, 6)], await node.Offsets());
    }

    [Theory]
    [InlineData(8, ErrorCode.IllegalGeneration)]
    [InlineData(9, ErrorCode.GroupIdNotFound)]
    public async Task A_member_of_no_group_is_told_so_from_version_9_on(short version, ErrorCode error)
    {
        await using var node = await GroupNode.Start();
        Assert.Equal(error, await CommitOne(node, version, new GroupMember("m", 3), group: "nobody"));
    }

    [Fact]
    public async Task A_member_commits_in_its_generation_and_nobody_else_while_there_are_members()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember();
        foreach (var version in (short[])[2, 6, 7, 9, 10])
        {
            Assert.Equal(ErrorCode.None, await CommitOne(node, version, member, offset: version));
            Assert.Equal([(0, version)], await node.Offsets());
            Assert.Equal(ErrorCode.UnknownMemberId, await CommitOne(node, version, new GroupMember("", -1)));
            Assert.Equal(ErrorCode.UnknownMemberId, await CommitOne(node, version, member with { MemberId = "m" }));
        }
        Assert.Equal(ErrorCode.IllegalGeneration, await CommitOne(node, 8, member with { Generation = 9 }));
        var joining = await node.SecondMemberJoins();
        // Until it has joined again a member may commit what it has done.
        Assert.Equal(ErrorCode.None, await CommitOne(node, 8, member));
        _ = await node.Client.Ask<JoinGroupRequest, JoinGroupResponse>(GroupNode.Joining("g", member.MemberId), 9);
        _ = await joining;
        Assert.Equal(ErrorCode.RebalanceInProgress, await CommitOne(node, 8, member with { Generation = 2 }));
    }

    [Fact]
    public async Task A_static_member_goes_by_its_instance_id()
    {
        await using var node = await GroupNode.Start();
        var member = await node.OnlyMember(instance: "i");
        Assert.Equal(ErrorCode.None, await CommitOne(node, 7, member, instance: "i"));
        Assert.Equal(ErrorCode.FencedInstanceId, await CommitOne(node, 7, member with { MemberId = "other" }, instance: "i"));
    }

    [Fact]
    public async Task What_a_client_writes_beside_an_offset_is_kept_and_bounded()
    {
        await using var node = await GroupNode.Start(("offset.metadata.max.bytes", "5"));
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            Topics =
            [
                new()
                {
                    Name = GroupNode.Topic,
                    Partitions =
                    [
                        new() { PartitionIndex = 0, CommittedOffset = 5, CommittedLeaderEpoch = 3, CommittedMetadata = "12345" },
                        new() { PartitionIndex = 1, CommittedOffset = 6, CommittedMetadata = "123456" },
                    ],
                },
            ],
        };
        var answer = await node.Client.Ask<OffsetCommitRequest, OffsetCommitResponse>(request, 9);
        Assert.Equal([ErrorCode.None, ErrorCode.OffsetMetadataTooLarge], answer.Topics[0].Partitions.Select(static partition => partition.ErrorCode));
        var fetched = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = "g", Topics = null }, 7);
        var kept = Assert.Single(fetched.Topics[0].Partitions);
        Assert.Equal((5, 3, "12345"), (kept.CommittedOffset, kept.CommittedLeaderEpoch, kept.Metadata));
    }

    [Fact]
    public async Task A_group_or_topic_that_the_client_may_not_read_is_refused()
    {
        await using var node = await GroupNode.Start();
        node.Rules.Denies = static question => question.ResourceName == "g";
        var refused = await Commit(node, 9, "g", [(0, 5), (1, 6)], alsoNope: true);
        Assert.Equal(3, refused.Topics.Sum(static topic => topic.Partitions.Count));
        Assert.All(refused.Topics.SelectMany(static t => t.Partitions), static p => Assert.Equal(ErrorCode.GroupAuthorizationFailed, p.ErrorCode));
        foreach (var version in (short[])[9, 10])
        {
            node.Rules.Denies = static question => question.ResourceName == GroupNode.Topic;
            refused = await Commit(node, version, "g", [(0, 5), (9, 6)]);
            Assert.All(refused.Topics[0].Partitions, static p => Assert.Equal(ErrorCode.TopicAuthorizationFailed, p.ErrorCode));
            Assert.Equal(2, refused.Topics[0].Partitions.Count);
        }
        node.Rules.Denies = static _ => false;
        Assert.Empty(await node.Offsets());
    }

    private static async Task<ErrorCode> CommitOne(
        GroupNode node, short version, GroupMember member, string group = "g", string? instance = null, long offset = 1)
    {
        var request = Request(node, version, group, [(0, offset)], alsoNope: false);
        (request.MemberId, request.GenerationIdOrMemberEpoch, request.GroupInstanceId) = (member.MemberId, member.Generation, instance);
        return (await node.Client.Ask<OffsetCommitRequest, OffsetCommitResponse>(request, version)).Topics[0].Partitions[0].ErrorCode;
    }

    private static Task<OffsetCommitResponse> Commit(
        GroupNode node, short version, string group, (int Partition, long Offset)[] offsets, bool alsoNope = false) =>
        node.Client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Request(node, version, group, offsets, alsoNope), version);

    private static OffsetCommitRequest Request(GroupNode node, short version, string group, (int Partition, long Offset)[] offsets, bool alsoNope)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            Topics = [new() { Partitions = [.. offsets.Select(static one => GroupNode.Committed(one.Partition, one.Offset))] }],
        };
        if (alsoNope) request.Topics.Add(new() { Name = "nope", TopicId = GroupNode.NoTopic, Partitions = [GroupNode.Committed(0, 1)] });
        (request.Topics[0].Name, request.Topics[0].TopicId) = (GroupNode.Topic, node.TopicId);
        return request;
    }
}
