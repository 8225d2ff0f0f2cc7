using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>When records that wait for their replication are acknowledged, and when they are not.</summary>
public sealed class AckWaitsTests : IDisposable
{
    private readonly TimerWheel _wheel = new(TimeProvider.System);
    private readonly AckWaits _waits = new();

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public void The_high_watermark_acknowledges_what_ends_before_it()
    {
        var places = new[] { Place(3), Place(7), Place(5) };
        foreach (var place in places) _waits.Add(place, highWatermark: 2);
        _waits.Advance(5);
        Assert.Equal([ErrorCode.None, null, ErrorCode.None], places.Select(static place => place.Outcome));
        _waits.Advance(7);
        Assert.Equal(ErrorCode.None, places[1].Outcome);
    }

    [Fact]
    public void What_is_replicated_already_does_not_wait()
    {
        var place = Place(3);
        _waits.Add(place, highWatermark: 3);
        Assert.Equal(ErrorCode.None, place.Outcome);
    }

    [Fact]
    public void One_that_has_timed_out_is_let_go_of_with_the_next_move()
    {
        var place = Place(7);
        _waits.Add(place, highWatermark: 2);
        place.Complete(ErrorCode.RequestTimedOut);
        _waits.Advance(3);
        _waits.Advance(7);
        Assert.Equal(ErrorCode.RequestTimedOut, place.Outcome);
    }

    [Fact]
    public void Who_waits_is_told_why_it_is_in_vain()
    {
        var place = Place(3);
        _waits.Add(place, highWatermark: 0);
        _waits.Release(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, place.Outcome);
        _waits.Advance(3);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, place.Outcome);
    }

    [Fact]
    public void At_the_end_of_all_waits_nobody_begins_to_wait()
    {
        var places = new[] { Place(3), Place(3), Place(3) };
        _waits.Add(places[0], highWatermark: 0);
        _waits.End(ErrorCode.UnknownTopicOrPartition);
        _waits.Add(places[1], highWatermark: 0);
        _waits.Add(places[2], highWatermark: 3);
        Assert.Equal([ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition, ErrorCode.None], places.Select(static place => place.Outcome));
        Assert.Equal(0, _waits.Count);
    }

    [Fact]
    public void Whoever_waits_no_more_is_not_told()
    {
        var place = Place(3);
        _waits.Add(place, highWatermark: 0);
        _waits.Remove(place);
        _waits.Advance(3);
        Assert.Null(place.Outcome);
    }

    private AckWait.Place Place(long requiredOffset) => new(new AckWait(_wheel), null!, requiredOffset, leaderEpoch: 1);
}
