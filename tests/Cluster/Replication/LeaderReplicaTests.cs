using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>What a leader makes of each thing that it hears, at the bounds of its rules. It is broker 1 in epoch 5, and its log ends at 10.</summary>
public sealed class LeaderReplicaTests
{
    private const int Epoch = 5;
    private const int MaxLagMs = 100;

    [Fact]
    public void A_partition_that_has_fewer_replicas_than_asked_for_needs_them_all()
    {
        Assert.False(Leader([1], [1], minInSync: 3).IsUnderMinIsr);
        Assert.False(Leader([1, 2, 3], [1, 2], minInSync: 2).IsUnderMinIsr);
        Assert.True(Leader([1, 2, 3], [1, 2], minInSync: 3).IsUnderMinIsr);
    }

    [Fact]
    public void With_too_few_in_sync_nothing_is_committed()
    {
        var leader = Leader([1, 2, 3], [1], minInSync: 2);
        Assert.False(leader.OnOwnLog(12, 12));
        Assert.Equal(0, leader.HighWatermark);
    }

    [Fact]
    public void In_flush_mode_what_is_not_durable_does_not_count()
    {
        var leader = Leader([1], [1]);
        Assert.True(leader.OnOwnLog(12, 7));
        Assert.Equal(7, leader.HighWatermark);
        Assert.False(leader.OnOwnLog(13, 7));
        // The file of its log may be newer than what it knows to be durable, and never goes back for it.
        Assert.False(leader.OnOwnLog(13, 6));
        Assert.Equal(7, leader.HighWatermark);
    }

    [Theory]
    [InlineData(Epoch - 1, ErrorCode.FencedLeaderEpoch)]
    [InlineData(Epoch + 1, ErrorCode.UnknownLeaderEpoch)]
    public void A_fetch_of_another_epoch_counts_for_nothing(int epoch, ErrorCode error)
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnOwnLog(10, 10);
        Assert.Equal(FetchVerdict.Refused(error), leader.OnFetch(Fetch(2, 10) with { LeaderEpoch = epoch }, 0));
        Assert.Equal(0, leader.HighWatermark);
    }

    [Fact]
    public void A_fetch_of_nobody_or_of_an_earlier_life_counts_for_nothing()
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnOwnLog(10, 10);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, leader.OnFetch(Fetch(3, 10), 0).Error);
        Assert.Equal(ErrorCode.None, leader.OnFetch(Fetch(2, 4, life: 22), 0).Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, leader.OnFetch(Fetch(2, 10, life: 21), 0).Error);
        Assert.Equal(4, leader.HighWatermark);
        Assert.Equal(ErrorCode.None, leader.OnFetch(Fetch(2, 10, life: 22), 0).Error);
        Assert.Equal(10, leader.HighWatermark);
    }

    [Theory]
    [InlineData(4, 3, 10, true)]
    [InlineData(4, 4, 7, true)]
    [InlineData(4, 4, 8, false)]
    [InlineData(4, 4, 9, false)]
    [InlineData(-1, 4, 7, false)]
    public void The_offset_of_a_log_that_has_diverged_means_nothing(int lastEpoch, int knownEpoch, long knownEnd, bool diverges)
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnOwnLog(10, 10);
        var known = new EpochEnd(knownEpoch, knownEnd);
        var verdict = leader.OnFetch(Fetch(2, 8) with { LastFetchedEpoch = lastEpoch, KnownEnd = known }, 0);
        Assert.Equal((ErrorCode.None, diverges ? known : null), (verdict.Error, verdict.Diverging));
        Assert.Equal(diverges ? 0 : 8, leader.HighWatermark);
    }

    [Fact]
    public void A_fetch_behind_the_end_is_out_of_range_and_one_at_the_end_is_not()
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnOwnLog(10, 10);
        Assert.Equal(FetchVerdict.Refused(ErrorCode.OffsetOutOfRange), leader.OnFetch(Fetch(2, 11), 0));
        Assert.Equal(0, leader.HighWatermark);
        Assert.Equal(new FetchVerdict(ErrorCode.None, null, new LeaderStep(true, null)), leader.OnFetch(Fetch(2, 10), 0));
    }

    [Fact]
    public void The_high_watermark_waits_for_members_and_for_nobody_else()
    {
        var leader = Leader([1, 2, 3], [1, 2]);
        _ = leader.OnOwnLog(10, 10);
        _ = leader.OnFetch(Fetch(3, 2), 0);
        Assert.Equal(0, leader.HighWatermark);
        Assert.True(leader.OnFetch(Fetch(2, 9), 0).Step.HighWatermarkMoved);
        Assert.Equal(9, leader.HighWatermark);
    }

    [Theory]
    [InlineData(9, 9, 9, true)]
    [InlineData(8, 9, 8, false)]
    [InlineData(9, 4, 10, false)]
    [InlineData(10, 4, 10, true)]
    public void Who_joins_has_all_that_is_committed_and_has_come_to_the_start_of_the_epoch(long offset, long committed, long epochStart, bool joins)
    {
        var leader = Leader([1, 2, 3], [1, 2], end: epochStart);
        _ = leader.OnOwnLog(12, 12);
        _ = leader.OnFetch(Fetch(2, committed), 0);
        Assert.Equal(committed, leader.HighWatermark);
        var change = leader.OnFetch(Fetch(3, offset), 0).Step.Change;
        Assert.Equal(joins, change is not null);
        if (joins) Assert.Equal([new(1, -1), new(2, 20), new(3, 30)], change!.Isr);
    }

    [Fact]
    public void Who_may_not_join_does_not_and_holds_nobody_up()
    {
        var leader = Leader([1, 2], [1]);
        Assert.Null(leader.OnFetch(Fetch(2, 10) with { MayJoin = false }, 0).Step.Change);
        Assert.Equal("1", leader.Isr.ToString());
        Assert.True(leader.OnOwnLog(11, 11));
        Assert.Equal(11, leader.HighWatermark);
    }

    /// <summary>The controller may have taken it already: the larger of both sets counts.</summary>
    [Fact]
    public void Who_was_asked_for_holds_the_high_watermark_until_the_controller_refuses()
    {
        var leader = Leader([1, 2], [1]);
        var change = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        _ = leader.OnOwnLog(12, 12);
        Assert.Equal(10, leader.HighWatermark);
        // Also when it lags, and nobody would wait for it otherwise.
        Assert.Equal(default, leader.OnTick(MaxLagMs + 1));
        Assert.Equal(10, leader.HighWatermark);
        Assert.True(leader.OnIsrAnswer(change, IsrAnswer.Refused(ErrorCode.IneligibleReplica)).HighWatermarkMoved);
        Assert.Equal((12L, "1"), (leader.HighWatermark, leader.Isr.ToString()));
    }

    /// <summary>One change is under way; who has caught up meanwhile is waited for as the members are, for as long as it keeps up.</summary>
    [Fact]
    public void Who_is_about_to_join_is_waited_for_while_it_keeps_up()
    {
        var leader = Leader([1, 2, 3], [1]);
        _ = leader.OnFetch(Fetch(2, 10), 0);
        Assert.Null(leader.OnFetch(Fetch(3, 10), 0).Step.Change);
        Assert.Equal("1, asked for 2 too", leader.Isr.ToString());
        _ = leader.OnOwnLog(12, 12);
        Assert.False(leader.OnFetch(Fetch(2, 12), 0).Step.HighWatermarkMoved);
        Assert.False(leader.OnTick(MaxLagMs).HighWatermarkMoved);
        Assert.Equal(10, leader.HighWatermark);
        Assert.True(leader.OnTick(MaxLagMs + 1).HighWatermarkMoved);
        Assert.Equal(12, leader.HighWatermark);
        // One that lags is not waited for in the first place.
        _ = leader.OnOwnLog(14, 14);
        _ = leader.OnFetch(Fetch(3, 12), 1000);
        Assert.True(leader.OnFetch(Fetch(2, 14), 1000).Step.HighWatermarkMoved);
    }

    [Fact]
    public void Who_is_asked_for_and_then_left_out_has_to_catch_up_anew_before_anybody_waits()
    {
        var leader = Leader([1, 2, 3], [1]);
        var change = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        _ = leader.OnFetch(Fetch(3, 10), 0);
        _ = leader.OnOwnLog(12, 12);
        Assert.True(leader.OnIsrAnswer(change, IsrAnswer.Refused(ErrorCode.OperationNotAttempted)).HighWatermarkMoved);
        Assert.Equal(12, leader.HighWatermark);
    }

    [Fact]
    public void One_change_is_asked_for_at_a_time()
    {
        var leader = Leader([1, 2, 3], [1, 2]);
        Assert.NotNull(leader.OnFetch(Fetch(3, 10), 0).Step.Change);
        Assert.Null(leader.OnFetch(Fetch(3, 10), 0).Step.Change);
        Assert.Null(leader.OnTick(1000).Change);
        Assert.Equal("1,2, asked for 3 too", leader.Isr.ToString());
        leader = Leader([1, 2, 3], [1, 2]);
        Assert.NotNull(leader.OnTick(1000).Change);
        Assert.Null(leader.OnTick(2000).Change);
        Assert.Null(leader.OnFetch(Fetch(3, 10), 2000).Step.Change);
        Assert.Equal("1,2, asked to be without 2", leader.Isr.ToString());
    }

    [Fact]
    public void Members_that_lag_are_asked_to_leave_and_count_until_they_have()
    {
        var leader = Leader([1, 2, 3], [1, 2, 3]);
        _ = leader.OnFetch(Fetch(3, 10), 40);
        _ = leader.OnOwnLog(12, 12);
        Assert.Null(leader.OnTick(MaxLagMs).Change);
        var change = leader.OnTick(MaxLagMs + 1).Change!;
        Assert.Equal([new(1, -1), new(3, 30)], change.Isr);
        Assert.Equal((Epoch, 7), (change.LeaderEpoch, change.PartitionEpoch));
        _ = leader.OnFetch(Fetch(3, 12), MaxLagMs + 1);
        Assert.Equal(0, leader.HighWatermark);
        Assert.True(leader.OnIsrAnswer(change, new IsrAnswer(ErrorCode.None, 8, [1, 3])).HighWatermarkMoved);
        Assert.Equal((12L, 8, "1,3"), (leader.HighWatermark, leader.PartitionEpoch, leader.Isr.ToString()));
    }

    [Fact]
    public void Answers_of_the_past_and_to_others_change_nothing()
    {
        var leader = Leader([1, 2], [1]);
        var refused = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        _ = leader.OnIsrAnswer(refused, IsrAnswer.Refused(ErrorCode.IneligibleReplica));
        var change = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        Assert.Equal(default, leader.OnIsrAnswer(refused, new IsrAnswer(ErrorCode.None, 8, [1, 2])));
        Assert.Equal(default, leader.OnIsrAnswer(change, new IsrAnswer(ErrorCode.None, 6, [1, 2])));
        Assert.Equal(default, leader.OnIsrAnswer(change, new IsrAnswer(ErrorCode.None, 8, [2])));
        Assert.Equal(("1, asked for 2 too", 7), (leader.Isr.ToString(), leader.PartitionEpoch));
        _ = leader.OnIsrAnswer(change, new IsrAnswer(ErrorCode.None, 8, [1, 2]));
        Assert.Equal(("1,2", 8), (leader.Isr.ToString(), leader.PartitionEpoch));
        Assert.Equal(default, leader.OnIsrAnswer(change, IsrAnswer.Refused(ErrorCode.RequestTimedOut)));
    }

    [Theory]
    [InlineData(ErrorCode.FencedLeaderEpoch)]
    [InlineData(ErrorCode.InvalidUpdateVersion)]
    [InlineData(ErrorCode.InvalidRequest)]
    [InlineData(ErrorCode.NewLeaderElected)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.UnknownTopicId)]
    public void Where_the_controller_knows_more_both_sets_count_until_metadata_comes(ErrorCode error)
    {
        var leader = Leader([1, 2], [1]);
        var change = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        Assert.Equal(default, leader.OnIsrAnswer(change, IsrAnswer.Refused(error)));
        _ = leader.OnOwnLog(12, 12);
        Assert.Equal((10L, "1, asked for 2 too"), (leader.HighWatermark, leader.Isr.ToString()));
        Assert.True(leader.OnMetadata(Registration([1, 2], [1], partitionEpoch: 8), 0).HighWatermarkMoved);
        Assert.Equal((12L, "1"), (leader.HighWatermark, leader.Isr.ToString()));
    }

    [Fact]
    public void Where_the_controller_could_not_be_asked_the_same_is_asked_again()
    {
        var leader = Leader([1, 2], [1]);
        var change = leader.OnFetch(Fetch(2, 10), 0).Step.Change!;
        Assert.Same(change, leader.OnIsrAnswer(change, IsrAnswer.Refused(ErrorCode.RequestTimedOut)).Change);
        Assert.Equal("1, asked for 2 too", leader.Isr.ToString());
    }

    [Fact]
    public void Metadata_that_is_not_newer_changes_nothing()
    {
        var leader = Leader([1, 2], [1]);
        _ = leader.OnFetch(Fetch(2, 10), 0);
        foreach (var partitionEpoch in (int[])[6, 7]) _ = leader.OnMetadata(Registration([1, 2, 3], [1, 2, 3], partitionEpoch), 0);
        Assert.Equal(("1, asked for 2 too", 7), (leader.Isr.ToString(), leader.PartitionEpoch));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, leader.OnFetch(Fetch(3, 10), 0).Error);
    }

    [Fact]
    public void Newer_metadata_changes_the_replicas_and_forgets_nothing_of_those_that_stay()
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnOwnLog(12, 12);
        _ = leader.OnFetch(Fetch(2, 8, life: 22), 0);
        Assert.Equal(default, leader.OnMetadata(Registration([1, 2, 3], [1, 2], partitionEpoch: 8), 50));
        Assert.Equal((ErrorCode.NotLeaderOrFollower, ErrorCode.None), (leader.OnFetch(Fetch(2, 9, life: 21), 50).Error, leader.OnFetch(Fetch(3, 2), 50).Error));
        Assert.Equal(8, leader.HighWatermark);
        // Member 2 has been behind since it was one: metadata gives no more time to it.
        Assert.Equal([1], leader.OnTick(MaxLagMs + 1).Change!.Isr.Select(static member => member.Id));
    }

    [Fact]
    public void A_member_that_metadata_adds_has_the_time_of_a_lag_to_tell_how_far_it_is()
    {
        var leader = Leader([1, 2], [1]);
        _ = leader.OnOwnLog(12, 12);
        _ = leader.OnMetadata(Registration([1, 2], [1, 2], partitionEpoch: 8), 1000);
        Assert.Null(leader.OnTick(1000 + MaxLagMs).Change);
        Assert.NotNull(leader.OnTick(1001 + MaxLagMs).Change);
    }

    /// <summary>It had all that there was at its last fetch, however much came since.</summary>
    [Theory]
    [InlineData(10, 20, 60)]
    [InlineData(9, 20, 0)]
    [InlineData(10, 21, 0)]
    [InlineData(12, 20, 150)]
    public void A_follower_of_a_busy_leader_has_caught_up_when_it_had_what_there_was_at_its_last_fetch(long offset, long life, long caughtUpTick)
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnFetch(Fetch(2, 4), 60);
        _ = leader.OnOwnLog(12, 12);
        _ = leader.OnFetch(Fetch(2, offset, life), 150);
        // Behind again: what counts is when it was not.
        _ = leader.OnOwnLog(14, 14);
        Assert.Null(leader.OnTick(caughtUpTick + MaxLagMs).Change);
        Assert.NotNull(leader.OnTick(caughtUpTick + MaxLagMs + 1).Change);
    }

    [Fact]
    public void A_member_that_has_everything_does_not_lag_however_long_it_is_silent()
    {
        var leader = Leader([1, 2], [1, 2]);
        _ = leader.OnFetch(Fetch(2, 10), 0);
        Assert.Null(leader.OnTick(1_000_000).Change);
    }

    private static LeaderReplica Leader(int[] replicas, int[] isr, int minInSync = 1, long end = 10) =>
        new(1, Registration(replicas, isr, partitionEpoch: 7), new ReplicationSettings(minInSync, MaxLagMs), end, highWatermark: 0, tick: 0);

    private static PartitionRegistration Registration(int[] replicas, int[] isr, int partitionEpoch) => new()
    {
        Replicas = [.. replicas],
        Directories = [.. replicas.Select(static _ => Uuid.Zero)],
        Isr = [.. isr],
        Leader = 1,
        LeaderEpoch = Epoch,
        PartitionEpoch = partitionEpoch,
    };

    /// <summary>A fetch of a follower whose log is the leader's.</summary>
    private static FollowerFetch Fetch(int id, long offset, long life = -1) =>
        new(id, life < 0 ? id * 10 : life, Epoch, offset, LastFetchedEpoch: 4, KnownEnd: new EpochEnd(4, long.MaxValue), MayJoin: true);
}
