using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>Sessions and rebalances end by the monotonic clock.</summary>
public sealed class GroupSessionTests : GroupsOfOneShard
{
    [Fact]
    public async Task What_has_ended_by_the_clock_has_ended_for_whoever_asks()
    {
        // The wheel turns in steps of ten milliseconds, and the session ends between two of them.
        Time.Advance(TimeSpan.FromMilliseconds(3));
        var joining = Join((await Join("")).MemberId);
        await Turn(joining);
        var member = new Member((await joining).MemberId, 1);
        Assert.Equal(ErrorCode.None, (await Sync(member)).ErrorCode);
        Time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal("Stable", (await Describe()).GroupState);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("Empty", (await Groups.List(new ListGroupsCommand([], []))).Groups.Single().GroupState);
        Assert.Equal("Empty", (await Describe()).GroupState);
        Assert.Equal(ErrorCode.None,
            (await Ready<DeleteGroupsResponse.DeletableGroupResult>(new DeleteGroupCommand("g"), static answer => answer.ErrorCode)).ErrorCode);
    }

    /// <summary>A laptop that slept, NTP, a person: the wall clock jumps, and nobody's session, delay or retry has to do with it.</summary>
    [Theory]
    [InlineData(300)]
    [InlineData(-3_600)]
    [InlineData(1_000_000_000)]
    public async Task Sessions_and_delays_do_not_follow_the_wall_clock(int seconds)
    {
        var joining = Join((await Join("")).MemberId);
        Time.SetWall(TimeSpan.FromSeconds(seconds));
        await Turn(joining);
        var member = new Member((await joining).MemberId, 1);
        Assert.Equal(ErrorCode.None, (await Sync(member)).ErrorCode);
        Time.SetWall(TimeSpan.FromSeconds(seconds > 0 ? seconds : -seconds));
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ErrorCode.None, await Beat(member));
        Time.SetWall(TimeSpan.FromSeconds(-seconds));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.Is(async () => (await Describe()).GroupState == "Empty");
    }

    [Fact]
    public async Task Members_wait_for_the_rebalance_and_lose_their_place_in_time()
    {
        var first = await Join("");
        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        var joining = Join(first.MemberId);
        Assert.False(joining.IsCompleted);
        JoinGroupResponse? joined = null;
        await Eventually.Is(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(200));
            return Task.FromResult(joining.IsCompleted);
        });
        joined = await joining;
        Assert.Equal(1, joined.GenerationId);
        var synced =
            await Groups.Ask<SyncGroupResponse>(new SyncGroupCommand(new SyncGroupRequest { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1 }));
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        await Eventually.Is(async () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return (await Describe()).GroupState == "Empty";
        });
        Assert.Equal(3, Log.Batches);
    }
}
