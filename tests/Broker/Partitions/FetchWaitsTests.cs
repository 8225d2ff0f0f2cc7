using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>Which fetches a change of a partition wakes, and what it makes of the bounds that readers go by.</summary>
public sealed class FetchWaitsTests : IDisposable
{
    private const long NoTransaction = long.MaxValue;

    private readonly TimerWheel _wheel = new(TimeProvider.System);
    private readonly FetchWaits _waits = new(0, NoTransaction);

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task Bytes_count_when_the_high_watermark_passes_them()
    {
        var done = Wait(missing: 30);
        _waits.Written(1, 10);
        _waits.Written(3, 20);
        Assert.Equal((0L, 0L), (_waits.Bounds.VisibleBytes, _waits.Bounds.StableBytes));
        Assert.False(done.IsCompleted);
        _waits.Advance(3, NoTransaction, 0);
        Assert.Equal((3L, 30L, 30L), (_waits.Bounds.HighWatermark, _waits.Bounds.VisibleBytes, _waits.Bounds.StableBytes));
        await done;
    }

    /// <summary>
    /// As with <c>flush.messages=1</c> or followers: the high watermark passes the first append, and a consumer waits for the second, which was written
    /// before it came.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_that_the_high_watermark_has_not_passed_count_when_it_does(bool committedOnly)
    {
        _waits.Written(10, 100);
        _waits.Written(20, 200);
        _waits.Advance(10, NoTransaction, 0);
        Assert.Equal(100L, _waits.Bounds.VisibleBytes);
        var done = Wait(missing: 200, committedOnly);
        Assert.False(done.IsCompleted);
        _waits.Advance(20, NoTransaction, 0);
        await done;
    }

    [Fact]
    public async Task Appends_past_the_bound_count_together_when_the_last_is_passed()
    {
        for (var i = 1; i <= 2_000; i++) _waits.Written(i, 1);
        _waits.Advance(1_500, NoTransaction, 0);
        Assert.Equal(1_024L, _waits.Bounds.VisibleBytes);
        var looksAgain = Wait(missing: 5_000);
        _waits.Advance(1_600, NoTransaction, 0);
        await looksAgain;
        _waits.Advance(2_000, NoTransaction, 0);
        Assert.Equal(2_000L, _waits.Bounds.VisibleBytes);
    }

    /// <summary>What a replica had before it led was counted by nobody.</summary>
    [Fact]
    public async Task A_high_watermark_that_moves_without_known_bytes_has_fetches_look_again()
    {
        var seen = _waits.Bounds;
        var before = Wait(missing: 1_000);
        _waits.Advance(1_000, NoTransaction, 0);
        await before;
        await Wait(missing: 1_000, seen: seen);
    }

    [Fact]
    public async Task Committed_readers_are_told_of_a_transactions_bytes_when_it_is_decided()
    {
        var all = Wait(missing: 50);
        var committed = Wait(missing: 50, committedOnly: true);
        _waits.Written(1, 50);
        _waits.Advance(1, firstUnstableOffset: 0, 0);
        await all;
        Assert.False(committed.IsCompleted);
        Assert.Equal((50L, 0L, 0L), (_waits.Bounds.VisibleBytes, _waits.Bounds.StableBytes, _waits.Bounds.LastStableOffset(0)));
        _waits.Written(2, 10);
        _waits.Advance(2, NoTransaction, 0);
        await committed;
        Assert.Equal((60L, 60L, 2L), (_waits.Bounds.VisibleBytes, _waits.Bounds.StableBytes, _waits.Bounds.LastStableOffset(0)));
    }

    [Fact]
    public async Task What_came_between_the_read_and_the_wait_counts()
    {
        var seen = _waits.Bounds;
        _waits.Written(1, 30);
        _waits.Advance(1, NoTransaction, 0);
        await Wait(missing: 30, seen: seen);
        Assert.False(Wait(missing: 30).IsCompleted);
    }

    [Fact]
    public async Task A_leadership_that_was_lost_between_the_read_and_the_wait_is_noticed()
    {
        _waits.Lead(new Leadership(1, 3, IsHere: true, IsClosed: false, StartOffset: 0));
        var seen = _waits.Bounds;
        _waits.Lead(new Leadership(2, 4, IsHere: false, IsClosed: false, StartOffset: 0));
        await Wait(missing: 1000, seen: seen);
    }

    [Fact]
    public async Task Another_epoch_of_the_same_leader_is_noticed_too()
    {
        var seen = _waits.Bounds;
        var before = Wait(missing: 1000);
        _waits.Lead(new Leadership(1, 5, IsHere: true, IsClosed: false, StartOffset: 0));
        await before;
        await Wait(missing: 1000, seen: seen);
    }

    [Fact]
    public async Task Whoever_waits_no_more_is_not_told()
    {
        var gone = new FetchWait(_wheel, 1, 10, committedOnly: false);
        var node = new FetchWait.Node(gone, _waits);
        var first = Wait(missing: 10);
        _waits.Add(node, _waits.Bounds);
        var last = Wait(missing: 10);
        _waits.Remove(node);
        _waits.Remove(node);
        _waits.Written(1, 10);
        _waits.Advance(1, NoTransaction, 0);
        await Task.WhenAll(first, last);
        Assert.False(gone.Wait(long.MaxValue, TestContext.Current.CancellationToken).IsCompleted);
        _waits.End();
    }

    /// <summary>What went counts with what comes in its place, and what was there before it as ever.</summary>
    [Fact]
    public void A_log_that_is_cut_has_bytes_count_no_later_than_those_that_come_in_their_place()
    {
        for (var i = 1; i <= 1_030; i++) _waits.Written(i, 1);
        _waits.Cut(10);
        _waits.Advance(9, NoTransaction, 0);
        Assert.Equal(9L, _waits.Bounds.VisibleBytes);
        _waits.Written(11, 5);
        _waits.Advance(11, NoTransaction, 0);
        Assert.Equal(1_035L, _waits.Bounds.VisibleBytes);
        // The high watermark goes back with the log of a follower.
        _waits.Cut(4);
        _waits.Advance(4, NoTransaction, 0);
        Assert.Equal((4L, 1_035L), (_waits.Bounds.HighWatermark, _waits.Bounds.VisibleBytes));
    }

    [Fact]
    public async Task Nobody_waits_once_the_node_stops()
    {
        var earlier = Wait(missing: 10);
        _waits.End();
        await Task.WhenAll(earlier, Wait(missing: 10));
    }

    [Fact]
    public void Bounds_are_one_object_until_something_changes()
    {
        var bounds = _waits.Bounds;
        _waits.Written(1, 10);
        Assert.Same(bounds, _waits.Bounds);
        _waits.Advance(1, NoTransaction, 0);
        Assert.NotSame(bounds, _waits.Bounds);
        Assert.Equal(0, bounds.HighWatermark);
    }

    private Task Wait(long missing, bool committedOnly = false, PartitionBounds? seen = null)
    {
        var wait = new FetchWait(_wheel, 0, missing, committedOnly);
        _waits.Add(new FetchWait.Node(wait, _waits), seen ?? _waits.Bounds);
        return wait.Wait(long.MaxValue, TestContext.Current.CancellationToken);
    }
}
