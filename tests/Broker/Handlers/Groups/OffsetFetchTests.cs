using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Offsets that a group has committed, as members begin with them and operators look at them.</summary>
public sealed class OffsetFetchTests
{
    [Fact]
    public async Task Up_to_version_7_one_group_is_asked_about()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5, 6);
        for (short version = 1; version < 8; version++)
        {
            var one = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
                new()
                {
                    GroupId = "g",
                    Topics = [new() { Name = GroupNode.Topic, PartitionIndexes = [0, 5] }, new() { Name = "nope", PartitionIndexes = [0] }],
                },
                version);
            Assert.Equal([(GroupNode.Topic, 0, 5L), (GroupNode.Topic, 5, -1L), ("nope", 0, -1L)],
                one.Topics.SelectMany(static t => t.Partitions.Select(p => (t.Name, p.PartitionIndex, p.CommittedOffset))));
            Assert.All(one.Topics.SelectMany(static t => t.Partitions), static p => Assert.Equal((ErrorCode.None, ""), (p.ErrorCode, p.Metadata)));
            if (version == 1) continue;
            var all = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = "g", Topics = null }, version);
            Assert.Equal([(0, 5), (1, 6)], all.Topics.Single().Partitions.Select(static p => (p.PartitionIndex, p.CommittedOffset)).Order());
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task From_version_8_on_several_groups_are_asked_about(short version)
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5, 6);
        var several = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            new()
            {
                Groups =
                [
                    new() { GroupId = "g", Topics = null },
                    new()
                    {
                        GroupId = "none",
                        Topics =
                        [
                            new() { Name = GroupNode.Topic, TopicId = node.TopicId, PartitionIndexes = [0] },
                            new() { Name = "nope", TopicId = GroupNode.NoTopic, PartitionIndexes = [3] },
                        ],
                    },
                    new() { GroupId = "none", Topics = null },
                ],
            },
            version);
        var byId = version >= 10;
        Assert.Equal([(0, 5L), (1, 6L)], several.Groups[0].Topics.Single().Partitions.Select(static p => (p.PartitionIndex, p.CommittedOffset)).Order());
        Assert.Equal(byId ? node.TopicId : Uuid.Zero, several.Groups[0].Topics[0].TopicId);
        Assert.Equal(
            [(0, -1L, ErrorCode.None), (3, -1L, byId ? ErrorCode.UnknownTopicId : ErrorCode.None)],
            several.Groups[1].Topics.SelectMany(static t => t.Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.ErrorCode))));
        Assert.Empty(several.Groups[2].Topics);
        Assert.All(several.Groups, static group => Assert.Equal(ErrorCode.None, group.ErrorCode));
    }

    /// <summary>Each version tells an error of the group where it has the place for it.</summary>
    [Fact]
    public async Task A_group_that_may_not_be_described_is_refused()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        node.Rules.Denies = static question => question.ResourceName == "g";
        for (short version = 1; version < 8; version++)
        {
            var one = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
                new() { GroupId = "g", Topics = [new() { Name = GroupNode.Topic, PartitionIndexes = [0] }] }, version);
            if (version >= 2)
            {
                Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (one.ErrorCode, one.Topics.Count));
                continue;
            }
            var partition = one.Topics[0].Partitions[0];
            Assert.Equal((ErrorCode.GroupAuthorizationFailed, -1, ""), (partition.ErrorCode, partition.CommittedOffset, partition.Metadata));
        }
        var several = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            new() { Groups = [new() { GroupId = "g", Topics = null }, new() { GroupId = "h", Topics = null }] }, 9);
        Assert.Equal([("g", ErrorCode.GroupAuthorizationFailed, 0), ("h", ErrorCode.None, 0)],
            several.Groups.Select(static group => (group.GroupId, group.ErrorCode, group.Topics.Count)));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    public async Task A_topic_that_may_not_be_described_is_refused_by_name_and_left_out_of_all(short version)
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        node.Rules.Denies = static question => question.ResourceName == GroupNode.Topic;
        List<OffsetFetchRequest.OffsetFetchRequestTopics> topics = [new() { Name = GroupNode.Topic, TopicId = node.TopicId, PartitionIndexes = [0] }];
        var answer = await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
            new() { Groups = [new() { GroupId = "g", Topics = topics }, new() { GroupId = "g", Topics = null }] }, version);
        var refused = answer.Groups[0].Topics[0].Partitions[0];
        Assert.Equal((ErrorCode.TopicAuthorizationFailed, -1, -1, ""),
            (refused.ErrorCode, refused.CommittedOffset, refused.CommittedLeaderEpoch, refused.Metadata));
        Assert.Equal((ErrorCode.None, 0), (answer.Groups[1].ErrorCode, answer.Groups[1].Topics.Count));
    }

    /// <summary>A member id and epoch are those of the consumer protocol: a classic group does not look at them.</summary>
    [Fact]
    public async Task A_classic_group_is_told_to_whoever_asks()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        var asked = new OffsetFetchRequest
        {
            Groups = [new() { GroupId = "g", MemberId = "m", MemberEpoch = 7, Topics = null }],
            RequireStable = true,
        };
        var group = (await node.Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(asked, 9)).Groups[0];
        Assert.Equal((ErrorCode.None, 5), (group.ErrorCode, group.Topics[0].Partitions[0].CommittedOffset));
    }

    [Fact]
    public async Task A_deleted_topic_takes_its_offsets_along()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        await node.Node.DeleteTopic(GroupNode.Topic);
        await Eventually.Is(async () => !(await node.Offsets()).Any());
    }
}
