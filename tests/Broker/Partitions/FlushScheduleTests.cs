using KafkaCompat.Broker.Partitions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>When <c>flush.messages</c> and <c>flush.ms</c> ask for a sync.</summary>
public sealed class FlushScheduleTests
{
    private readonly FlushSchedule _schedule = new(tickMs: 1_000);

    [Fact]
    public void A_sync_is_due_after_so_many_records()
    {
        Assert.False(_schedule.IsDueAfter(2, flushMessages: 5));
        Assert.True(_schedule.IsDueAfter(3, flushMessages: 5));
        Assert.False(_schedule.IsDueAfter(4, flushMessages: 5));
        Assert.True(_schedule.IsDueAfter(9, flushMessages: 5));
    }

    [Fact]
    public void A_sync_is_due_after_some_time_where_records_have_come()
    {
        Assert.False(_schedule.IsDue(tickMs: 9_000, flushMs: 500));
        _ = _schedule.IsDueAfter(1, long.MaxValue);
        Assert.False(_schedule.IsDue(tickMs: 1_499, flushMs: 500));
        Assert.True(_schedule.IsDue(tickMs: 1_500, flushMs: 500));
        // It is asked for once, whenever it is done.
        Assert.False(_schedule.IsDue(tickMs: 9_000, flushMs: 500));
    }

    [Fact]
    public void The_time_begins_with_the_last_sync()
    {
        _ = _schedule.IsDueAfter(1, long.MaxValue);
        _schedule.Synced(tickMs: 5_000);
        Assert.False(_schedule.IsDue(tickMs: 5_499, flushMs: 500));
        Assert.True(_schedule.IsDue(tickMs: 5_500, flushMs: 500));
    }

    [Fact]
    public void What_the_number_of_records_has_asked_for_the_time_does_not_ask_for_again()
    {
        Assert.True(_schedule.IsDueAfter(5, flushMessages: 5));
        Assert.False(_schedule.IsDue(tickMs: 9_000, flushMs: 500));
    }
}
