using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>What a follower does with answers that a scenario does not come by.</summary>
public sealed class FollowerReplicaTests
{
    [Fact]
    public void In_flush_mode_the_leader_is_told_of_the_durable_end()
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        Assert.Equal(10, follower.Ask().Offset);
        follower.Apply(follower.OnFetched(1, new FetchedBatches(10, 14, 10, 0))!.Value, heldEndOffset: 10);
        Assert.Equal((14L, 10L), (follower.LogEndOffset, follower.Ask().Offset));
        // The leader sends again what is not durable here; it is left out, and what is behind it appended.
        var step = follower.OnFetched(2, new FetchedBatches(14, 16, 12, 0))!.Value;
        Assert.Equal((true, 16L, 12L), (step.Appends, step.LogEndOffset, step.HighWatermark));
        follower.Apply(step, heldEndOffset: 10);
        follower.OnHeld(14);
        Assert.Equal(14, follower.Ask().Offset);
    }

    [Fact]
    public void A_step_that_was_not_carried_out_has_changed_nothing()
    {
        var follower = new FollowerReplica(3, 0, 10, 4);
        _ = follower.OnFetched(follower.Ask().Token, new FetchedBatches(10, 14, 12, 2));
        Assert.Equal((0L, 10L, 4L), (follower.LogStartOffset, follower.LogEndOffset, follower.HighWatermark));
        Assert.Equal(10, follower.Ask().Offset);
    }

    [Fact]
    public void The_high_watermark_goes_back_with_the_end_of_the_log()
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        var step = follower.OnDiverging(follower.Ask().Token, new EpochEnd(2, 6), new EpochEnd(2, 10))!.Value;
        Assert.Equal((6L, 6L, 6L), (step.TruncateTo, step.LogEndOffset, step.HighWatermark));
    }

    /// <summary>As where records were deleted up to an offset within a batch: the leader sends the batch whole.</summary>
    [Fact]
    public void An_empty_log_begins_with_the_batch_that_the_leaders_log_starts_in()
    {
        var follower = new FollowerReplica(3, 7, 7, 7);
        var step = follower.OnFetched(follower.Ask().Token, new FetchedBatches(5, 9, 9, 7))!.Value;
        Assert.Equal((5L, true, 7L), (step.StartOverAt, step.Appends, step.AdvanceStartTo));
        Assert.Equal((7L, 9L, 9L), (step.LogStartOffset, step.LogEndOffset, step.HighWatermark));
    }

    [Theory]
    [InlineData(8, 12)]
    [InlineData(10, 10)]
    public void Batches_that_cannot_be_next_are_refused(long first, long next)
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        Assert.Equal(ErrorCode.CorruptMessage, follower.OnFetched(follower.Ask().Token, new FetchedBatches(first, next, 10, 0))!.Value.Error);
    }

    [Fact]
    public void A_log_that_is_longer_than_its_leaders_is_cut()
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        Assert.Equal(6, follower.OnOutOfRange(follower.Ask().Token, 0, 6)!.Value.TruncateTo);
        Assert.Null(follower.OnOutOfRange(1, 0, 6));
    }
}
