using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Offsets of a group that an operator removes, partition by partition.</summary>
public sealed class OffsetDeleteTests
{
    [Fact]
    public async Task Offsets_go_and_partitions_that_do_not_exist_are_told_first()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5, 6);
        var response = await Delete(node, "g", (GroupNode.Topic, [0, 9]), ("nope", [0]), ("", [0]));
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal(
            ["orders-9 UnknownTopicOrPartition", "orders-0 None", "nope-0 UnknownTopicOrPartition", "-0 UnknownTopicOrPartition"], Text(response));
        Assert.Equal([(1, 6)], await node.Offsets());
    }

    [Fact]
    public async Task An_offset_that_is_not_there_is_no_error()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        Assert.Equal(["orders-1 None"], Text(await Delete(node, "g", (GroupNode.Topic, [1]))));
        Assert.Equal([(0, 5)], await node.Offsets());
    }

    [Fact]
    public async Task An_error_of_the_group_is_the_only_answer()
    {
        await using var node = await GroupNode.Start();
        foreach (var (group, error) in (IEnumerable<(string, ErrorCode)>)[("none", ErrorCode.GroupIdNotFound), ("", ErrorCode.InvalidGroupId)])
        {
            var response = await Delete(node, group, ("nope", [0]), (GroupNode.Topic, [0]));
            Assert.Equal((error, 0), (response.ErrorCode, response.Topics.Count));
        }
    }

    /// <summary>Whose protocol is not the consumer's subscribes to nobody knows what; a consumer's subscription is in its metadata.</summary>
    [Fact]
    public async Task Offsets_of_what_members_may_read_stay()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("connectors", 5);
        await node.Commit("consumers", 6);
        foreach (var (group, type) in (IEnumerable<(string, string)>)[("connectors", "connect"), ("consumers", "consumer")])
        {
            var joining = GroupNode.Joining(group);
            // A subscription of version 0 to the topic, without user data.
            joining.Protocols[0].Metadata = [0, 0, 0, 0, 0, 1, 0, 6, .. "orders"u8, 255, 255, 255, 255];
            joining.ProtocolType = type;
            var joined = await node.Client.Ask<JoinGroupRequest, JoinGroupResponse>(joining, 3);
            var sync = new SyncGroupRequest { GroupId = group, MemberId = joined.MemberId, GenerationId = joined.GenerationId };
            Assert.Equal(ErrorCode.None, (await node.Client.Ask<SyncGroupRequest, SyncGroupResponse>(sync, 4)).ErrorCode);
        }
        var connectors = await Delete(node, "connectors", (GroupNode.Topic, [0]));
        Assert.Equal((ErrorCode.NonEmptyGroup, 0), (connectors.ErrorCode, connectors.Topics.Count));
        Assert.Equal(["orders-0 GroupSubscribedToTopic"], Text(await Delete(node, "consumers", (GroupNode.Topic, [0]))));
        Assert.Equal([(0, 6)], await node.Offsets("consumers"));
    }

    [Fact]
    public async Task A_group_or_topic_that_the_client_may_not_use_is_refused()
    {
        await using var node = await GroupNode.Start();
        await node.Commit("g", 5);
        _ = await node.Node.CreateTopic("open");
        node.Rules.Denies = static question => question.ResourceName == GroupNode.Topic;
        Assert.Equal(["orders-0 TopicAuthorizationFailed", "open-0 None"], Text(await Delete(node, "g", (GroupNode.Topic, [0]), ("open", [0]))));
        node.Rules.Denies = static question => question.ResourceName == "g";
        var refused = await Delete(node, "g", (GroupNode.Topic, [0]));
        Assert.Equal((ErrorCode.GroupAuthorizationFailed, 0), (refused.ErrorCode, refused.Topics.Count));
        node.Rules.Denies = static _ => false;
        Assert.Equal([(0, 5)], await node.Offsets());
    }

    private static IEnumerable<string> Text(OffsetDeleteResponse response) =>
        response.Topics.SelectMany(static topic => topic.Partitions.Select(partition => $"{topic.Name}-{partition.PartitionIndex} {partition.ErrorCode}"));

    private static Task<OffsetDeleteResponse> Delete(GroupNode node, string group, params (string Topic, int[] Partitions)[] topics) =>
        node.Client.Ask<OffsetDeleteRequest, OffsetDeleteResponse>(
            new()
            {
                GroupId = group,
                Topics = [.. topics.Select(static topic => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                {
                    Name = topic.Topic,
                    Partitions =
                        [.. topic.Partitions.Select(static index => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = index })],
                })],
            },
            0);
}
