using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Where leader epochs ended, by which readers and followers find out whether their own position diverged.</summary>
public sealed class OffsetForLeaderEpochTests() : NodeTests("t")
{
    private protected override async Task Prepare()
    {
        for (var i = 0; i < 5; i++) _ = await Records.Send(Client, "t", Records.Batch(10));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_present_epoch_ends_where_the_log_does_and_one_that_never_was_nowhere(short version)
    {
        var found = await Ask(version, -1, 0, 3, -1);
        Assert.Equal([(ErrorCode.None, 0, 50), (ErrorCode.None, -1, -1), (ErrorCode.None, -1, -1)],
            found.Select(static end => (end.ErrorCode, end.LeaderEpoch, end.EndOffset)));
    }

    [Theory]
    [InlineData(-1, ErrorCode.None)]
    [InlineData(0, ErrorCode.None)]
    [InlineData(-2, ErrorCode.FencedLeaderEpoch)]
    [InlineData(int.MinValue, ErrorCode.FencedLeaderEpoch)]
    [InlineData(7, ErrorCode.UnknownLeaderEpoch)]
    public async Task Who_knows_of_another_epoch_than_the_leaders_is_told_so(int currentLeaderEpoch, ErrorCode expected)
    {
        var found = Assert.Single(await Ask(4, currentLeaderEpoch, 0));
        Assert.Equal(expected == ErrorCode.None ? (expected, 0, 50) : (expected, -1, -1), (found.ErrorCode, found.LeaderEpoch, found.EndOffset));
    }

    [Fact]
    public async Task Each_partition_is_answered_by_itself()
    {
        var request = new OffsetForLeaderEpochRequest
        {
            Topics =
            {
                new() { Topic = "t", Partitions = { new() { Partition = 0 }, new() { Partition = 7 } } },
                new() { Topic = "none", Partitions = { new() } },
            },
        };
        var response = await Client.Ask<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(request, 4);
        Assert.Equal(
            [("t", 0, ErrorCode.None), ("t", 7, ErrorCode.UnknownTopicOrPartition), ("none", 0, ErrorCode.UnknownTopicOrPartition)],
            response.Topics.SelectMany(static topic => topic.Partitions.Select(end => (topic.Topic, end.Partition, end.ErrorCode))));
    }

    /// <summary>A follower may ask for all topics, a client for those that it may describe.</summary>
    [Fact]
    public async Task A_topic_that_may_not_be_described_is_told_to_nodes_alone()
    {
        await using var node = await GroupNode.Start();
        var request = new OffsetForLeaderEpochRequest { Topics = { new() { Topic = GroupNode.Topic, Partitions = { new() } } } };
        node.Rules.Denies = static question => question.ResourceName == GroupNode.Topic;
        var told = await node.Client.Ask<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(request, 4);
        Assert.Equal(ErrorCode.None, told.Topics[0].Partitions[0].ErrorCode);
        node.Rules.Denies = static question => question.ResourceName is GroupNode.Topic or "kafka-cluster";
        var refused = (await node.Client.Ask<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(request, 4)).Topics[0].Partitions[0];
        Assert.Equal((ErrorCode.TopicAuthorizationFailed, -1, -1), (refused.ErrorCode, refused.LeaderEpoch, refused.EndOffset));
    }

    private async Task<IReadOnlyList<OffsetForLeaderEpochResponse.EpochEndOffset>> Ask(short version, int currentLeaderEpoch, params int[] epochs)
    {
        var request = new OffsetForLeaderEpochRequest
        {
            Topics =
            {
                new()
                {
                    Topic = "t",
                    Partitions =
                    [
                        .. epochs.Select(epoch => new OffsetForLeaderEpochRequest.OffsetForLeaderPartition
                        {
                            CurrentLeaderEpoch = currentLeaderEpoch,
                            LeaderEpoch = epoch,
                        }),
                    ],
                },
            },
        };
        return (await Client.Ask<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(request, version)).Topics[0].Partitions;
    }
}
