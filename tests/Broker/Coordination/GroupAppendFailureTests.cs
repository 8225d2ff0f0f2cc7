using KafkaCompat.Protocol;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>An append that the log refuses is told to who asked; one whose outcome is unknown drops the shard, which is loaded again.</summary>
public sealed class GroupAppendFailureTests : GroupsOfOneShard
{
    [Fact]
    public async Task A_failed_append_sends_all_away_and_loads_the_log_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        Log.FailWith = ErrorCode.KafkaStorageError;
        Assert.Equal(ErrorCode.NotCoordinator, await Commit(2));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, await Commit(3));
        Log.FailWith = ErrorCode.None;
        await Eventually.Is(async () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return await Commit(4) == ErrorCode.None;
        });
        Assert.Equal(4, await Fetch());
    }

    [Theory]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.RecordListTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    public async Task A_batch_that_the_log_refuses_is_the_askers_affair_alone(ErrorCode refusal, ErrorCode told)
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        Log.FailWith = refusal;
        Assert.Equal(told, await Commit(2));
        Assert.Equal(1, await Fetch());
    }

    [Theory]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    public async Task An_assignment_that_the_log_refuses_is_told_to_all_who_wait_for_it(ErrorCode refusal, ErrorCode told)
    {
        var (leader, follower) = await TwoMembers();
        var waiting = Sync(follower);
        Assert.False(waiting.IsCompleted);
        Log.FailWith = refusal;
        Assert.Equal(told, (await Sync(leader)).ErrorCode);
        Assert.Equal(told, (await waiting).ErrorCode);
        Log.FailWith = ErrorCode.None;
        Assert.Equal("PreparingRebalance", (await Describe()).GroupState);
        Assert.Equal(ErrorCode.RebalanceInProgress, await Beat(leader));
        Assert.Equal(ErrorCode.RebalanceInProgress, await Beat(follower));
        // Both come back, and the group goes on.
        var again = (Join(leader.MemberId), Join(follower.MemberId));
        Assert.Equal((2, 2), ((await again.Item1).GenerationId, (await again.Item2).GenerationId));
        var assigned = Sync(follower with { Generation = 2 });
        Assert.Equal(ErrorCode.None, (await Sync(leader with { Generation = 2 })).ErrorCode);
        Assert.Equal(ErrorCode.None, (await assigned).ErrorCode);
    }

    [Fact]
    public async Task An_assignment_whose_fate_is_unknown_is_told_to_all_who_wait_for_it()
    {
        var (leader, follower) = await TwoMembers();
        var waiting = Sync(follower);
        Log.FailWith = ErrorCode.KafkaStorageError;
        Assert.Equal(ErrorCode.NotCoordinator, (await Sync(leader)).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, (await waiting).ErrorCode);
    }

    [Fact]
    public async Task A_static_member_whose_return_cannot_be_kept_learns_of_the_generation_that_goes_on()
    {
        var first = Join("", "i");
        await Turn(first);
        var member = await first;
        Assert.Equal(ErrorCode.None, (await Sync(new(member.MemberId, 1))).ErrorCode);
        Log.FailWith = ErrorCode.RecordListTooLarge;
        var back = await Join("", "i");
        Assert.Equal((ErrorCode.UnknownServerError, 1, "", member.MemberId), (back.ErrorCode, back.GenerationId, back.MemberId, back.Leader));
        Log.FailWith = ErrorCode.None;
        Assert.Equal((ErrorCode.None, "Stable"), (await Beat(new(member.MemberId, 1), "i"), (await Describe()).GroupState));
    }

    [Fact]
    public async Task An_exception_while_a_decision_is_carried_out_sends_all_away_and_loads_the_log_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(1, "h"));
        var joining = Join((await Join("")).MemberId);
        Assert.False(joining.IsCompleted);
        Log.AppendFault = new InvalidOperationException("a fault that nobody foresaw");
        Assert.Equal(ErrorCode.UnknownServerError, await Commit(2, "h"));
        Assert.Equal(ErrorCode.UnknownServerError, (await joining).ErrorCode);
        await Eventually.Is(async () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return await Commit(3) == ErrorCode.None;
        });
        Assert.Equal(3, await Fetch());
    }
}
