using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>How connections end when the node stops: what was begun is answered, and after the answers comes the end of the stream.</summary>
public sealed class DrainTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_fetch_that_waits_is_answered_and_then_the_stream_ends()
    {
        await using var node = TestNode.Start(time: _time);
        _ = await node.CreateTopic("t");
        await Eventually.Is(() => node.Broker.Connections.Open.Count == 0);
        var client = node.Connect();
        var before = node.Broker.Wheel.Count;
        _ = await client.Post(Records.Fetch("t", 0, maxWaitMs: 600_000), 12);
        await Eventually.Is(() => node.Broker.Wheel.Count > before);

        var drained = node.Broker.Drain();
        var answer = MemoryClient.Decode<FetchRequest, FetchResponse>((await client.Receive())!, 12);
        Assert.Equal(ErrorCode.None, answer.Responses[0].Partitions[0].ErrorCode);
        Assert.Null(await client.Receive());
        client.CloseSending();
        Assert.Equal(0, await drained);
    }

    [Fact]
    public async Task A_member_that_waits_for_its_group_is_sent_to_look_for_the_coordinator()
    {
        await using var node = TestNode.Start(time: _time);
        var client = node.Connect();
        await Eventually.Is(async () =>
            (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4)).Coordinators[
            0].ErrorCode == ErrorCode.None);
        await node.GroupsLoaded();
        var join = new JoinGroupRequest
        {
            GroupId = "g",
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 60_000,
            MemberId = "",
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = [] }],
        };
        _ = await client.Post(join, 3);
        var onlooker = node.Connect();
        await Eventually.Is(async () =>
            (await onlooker.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = ["g"] }, 5)).Groups[0].GroupState == "PreparingRebalance");
        onlooker.CloseSending();

        var drained = node.Broker.Drain();
        var answer = MemoryClient.Decode<JoinGroupRequest, JoinGroupResponse>((await client.Receive())!, 3);
        Assert.Equal(ErrorCode.NotCoordinator, answer.ErrorCode);
        Assert.Null(await client.Receive());
        client.CloseSending();
        Assert.Equal(0, await drained);
    }

    [Fact]
    public async Task Idle_connections_and_half_a_request_see_the_end_and_nothing_else()
    {
        await using var node = TestNode.Start(time: _time);
        var (idle, half) = (node.Connect(), node.Connect());
        await half.Send(new byte[] { 0, 0, 1, 0, 7, 7 });
        var drained = node.Broker.Drain();
        foreach (var client in new[] { idle, half })
        {
            Assert.Null(await client.Receive());
            client.CloseSending();
            await client.Served;
        }
        Assert.Equal(0, await drained);

        // A connection that comes later is not left behind.
        var late = node.Connect();
        Assert.Null(await late.Receive());
        late.CloseSending();
    }

    [Fact]
    public async Task A_client_that_stays_is_waited_for_no_longer_than_the_bound()
    {
        await using var node = TestNode.Start(time: _time);
        var stubborn = node.Connect();
        var drained = node.Broker.Drain();
        Assert.Null(await stubborn.Receive());
        _time.Advance(TimeSpan.FromMilliseconds(NodeConnections.ShutdownDrainMs - 1));
        Assert.False(drained.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await drained.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        stubborn.CloseSending();
    }
}
