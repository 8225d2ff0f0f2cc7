using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
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

    /// <summary>What was fetched since may be what an earlier answer says to cut.</summary>
    [Fact]
    public void An_answer_is_taken_once_and_only_that_to_the_last_fetch()
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        var fetched = new FetchedBatches(10, 14, 10, 0);
        Assert.Null(follower.OnFetched(0, fetched));
        var first = follower.Ask().Token;
        var second = follower.Ask().Token;
        Assert.Null(follower.OnFetched(first, fetched));
        Assert.Null(follower.OnDiverging(first, new EpochEnd(2, 6), new EpochEnd(2, 10)));
        Assert.Null(follower.OnOutOfRange(first, 0, 6));
        Assert.NotNull(follower.OnFetched(second, fetched));
        Assert.Null(follower.OnFetched(second, fetched));
        Assert.Null(follower.OnDiverging(second, new EpochEnd(2, 6), new EpochEnd(2, 10)));
        Assert.Null(follower.OnOutOfRange(second, 0, 6));
    }

    /// <summary>Of an epoch that both have the shorter is common; an earlier one of the own log is asked about next.</summary>
    [Theory]
    [InlineData(2, 6, 2, 8, 6L)]
    [InlineData(2, 8, 2, 6, 6L)]
    [InlineData(3, 4, 2, 7, 7L)]
    [InlineData(2, 6, -1, 9, 6L)]
    [InlineData(2, 10, 2, 10, null)]
    [InlineData(2, 12, 2, 11, null)]
    public void A_log_is_cut_to_where_it_may_be_the_leaders(int leadersEpoch, long leadersEnd, int ownEpoch, long ownEnd, long? cut)
    {
        var follower = new FollowerReplica(3, 0, 10, 5);
        var step = follower.OnDiverging(follower.Ask().Token, new EpochEnd(leadersEpoch, leadersEnd), new EpochEnd(ownEpoch, ownEnd))!.Value;
        // Where nothing would be cut the answer makes no sense, and would be given for ever.
        Assert.Equal((cut, cut is null ? ErrorCode.CorruptMessage : ErrorCode.None), (step.TruncateTo, step.Error));
    }

    [Fact]
    public void A_log_that_is_cut_before_its_start_is_empty_and_begins_there()
    {
        var follower = new FollowerReplica(3, 8, 10, 9);
        var step = follower.OnOutOfRange(follower.Ask().Token, 0, 6)!.Value;
        Assert.Equal((6L, 6L, 6L, 6L), (step.TruncateTo, step.LogStartOffset, step.LogEndOffset, step.HighWatermark));
    }

    [Theory]
    [InlineData(4, 10, null, null)]
    [InlineData(10, 12, null, null)]
    [InlineData(11, 12, null, 11L)]
    [InlineData(0, 9, 9L, null)]
    public void An_offset_out_of_range_is_behind_the_leaders_log_or_before_it(long leaderStart, long leaderEnd, long? cut, long? startsOver)
    {
        var follower = new FollowerReplica(3, 0, 10, 5);
        var step = follower.OnOutOfRange(follower.Ask().Token, leaderStart, leaderEnd)!.Value;
        Assert.Equal((cut, startsOver), (step.TruncateTo, step.StartOverAt));
    }

    /// <summary>The leader's high watermark counts as far as the own log reaches, and what was known before stays known.</summary>
    [Theory]
    [InlineData(3, 5)]
    [InlineData(7, 7)]
    [InlineData(12, 12)]
    [InlineData(20, 12)]
    public void The_high_watermark_follows_the_leaders(long leaders, long own)
    {
        var follower = new FollowerReplica(3, 0, 10, 5);
        var step = follower.OnFetched(follower.Ask().Token, new FetchedBatches(10, 12, leaders, 0))!.Value;
        Assert.Equal(own, step.HighWatermark);
        follower.Apply(step, heldEndOffset: 12);
        Assert.Equal((own, 12L), (follower.HighWatermark, follower.Ask().Offset));
    }

    [Theory]
    [InlineData(1, null, 2)]
    [InlineData(2, null, 2)]
    [InlineData(4, 4L, 4)]
    [InlineData(9, 5L, 5)]
    public void The_start_of_the_log_follows_the_leaders_within_what_is_committed(long leaders, long? advances, long start)
    {
        var follower = new FollowerReplica(3, 2, 10, 5);
        var step = follower.OnFetched(follower.Ask().Token, new FetchedBatches(-1, -1, 5, leaders))!.Value;
        Assert.Equal((advances, start), (step.AdvanceStartTo, step.LogStartOffset));
    }

    [Fact]
    public void Retention_moves_the_start_forward_alone_and_what_it_took_was_committed()
    {
        var follower = new FollowerReplica(3, 2, 10, 5);
        follower.OnLogStart(4);
        follower.OnLogStart(3);
        Assert.Equal((4L, 5L), (follower.LogStartOffset, follower.HighWatermark));
        follower.OnLogStart(7);
        Assert.Equal((7L, 7L), (follower.LogStartOffset, follower.HighWatermark));
        _ = Assert.Throws<InvariantException>(() => follower.OnLogStart(11));
    }

    /// <summary>A sync may end after the log was cut.</summary>
    [Fact]
    public void No_more_is_durable_than_there_is()
    {
        var follower = new FollowerReplica(3, 0, 10, 5);
        follower.OnHeld(12);
        Assert.Equal(10, follower.Ask().Offset);
    }

    [Fact]
    public void A_log_that_is_longer_than_its_leaders_is_cut()
    {
        var follower = new FollowerReplica(3, 0, 10, 10);
        Assert.Equal(6, follower.OnOutOfRange(follower.Ask().Token, 0, 6)!.Value.TruncateTo);
        Assert.Null(follower.OnOutOfRange(1, 0, 6));
    }
}
