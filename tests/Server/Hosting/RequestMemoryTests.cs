using System.Buffers.Binary;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>queued.max.request.bytes: what the requests of all connections may take together while they come.</summary>
public sealed class RequestMemoryTests
{
    /// <summary>A frame of a thousand bytes behind its length, whose request can be answered.</summary>
    private static readonly byte[] Large = Framed(1_000);

    private static readonly byte[] Small = Framed(100);

    private static readonly (string Name, string Value)[] Bound = [("queued.max.request.bytes", "2000"), ("socket.request.max.bytes", "2000")];

    [Fact]
    public async Task A_frame_that_finds_no_room_is_received_when_another_is_done_with()
    {
        await using var node = await SocketNode.Start(Bound);
        var (first, second, third) = (node.Connect(), node.Connect(), node.Connect());
        await first.Send(Large.AsMemory(0, 500));
        await second.Send(Large.AsMemory(0, 500));
        await Eventually.Is(() => Memory(node).ClaimedBytes == 2_000);
        await Queue(node, third, Small, 1);

        await first.Send(Large.AsMemory(500));
        Assert.NotNull(await first.Receive());
        Assert.NotNull(await third.Receive());
        await second.Send(Large.AsMemory(500));
        Assert.NotNull(await second.Receive());
        await Eventually.Is(() => Memory(node).ClaimedBytes == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_ends_gives_back_what_its_frame_has_claimed(bool isReset)
    {
        await using var node = await SocketNode.Start(Bound);
        var (holder, waiter) = (node.Connect(), node.Connect());
        await Begin(node, holder, Framed(2_000));
        await Queue(node, waiter, Small, 1);

        if (isReset) holder.Reset();
        else holder.CloseSending();
        Assert.NotNull(await waiter.Receive());
        await Eventually.Is(() => Memory(node).ClaimedBytes == 0);
    }

    /// <summary>Else a large frame would wait for as long as small ones come.</summary>
    [Fact]
    public async Task Turns_are_in_the_order_of_asking()
    {
        await using var node = await SocketNode.Start(Bound);
        var (holder, large, small) = (node.Connect(), node.Connect(), node.Connect());
        await Begin(node, holder, Large);
        await Queue(node, large, Framed(1_500), 1);
        await Queue(node, small, Small, 2);
        Assert.Equal(1_000, Memory(node).ClaimedBytes);

        await holder.Send(Large.AsMemory(10));
        Assert.NotNull(await holder.Receive());
        Assert.NotNull(await large.Receive());
        Assert.NotNull(await small.Receive());
    }

    [Fact]
    public async Task Who_stood_behind_one_that_left_has_its_turn()
    {
        await using var node = await SocketNode.Start(Bound);
        var (holder, large, small) = (node.Connect(), node.Connect(listener: "CONTROLLER"), node.Connect());
        await Begin(node, holder, Large);
        await Queue(node, large, Framed(1_500), 1);
        await Queue(node, small, Small, 2);

        // It waits and is not read, so that only the node itself can end it.
        node.Node.Node.Broker.Connections.Open.CloseQuietest(1, static listener => listener == "CONTROLLER");
        Assert.NotNull(await small.Receive());
        Assert.Null(await large.Receive());
    }

    [Fact]
    public async Task Many_requests_in_one_piece_and_past_the_bound_are_answered_in_order()
    {
        await using var node = await SocketNode.Start(Bound);
        var client = node.Connect();
        var piece = new byte[100 * Small.Length];
        for (var i = 0; i < 100; i++)
        {
            Small.CopyTo(piece, i * Small.Length);
            BinaryPrimitives.WriteInt32BigEndian(piece.AsSpan((i * Small.Length) + 8), i);
        }
        await client.Send(piece);
        for (var i = 0; i < 100; i++) Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
        await Eventually.Is(() => Memory(node).ClaimedBytes == 0);
    }

    [Fact]
    public async Task A_connection_that_waits_for_room_ends_when_the_node_stops()
    {
        await using var node = await SocketNode.Start(Bound);
        var (holder, waiter) = (node.Connect(), node.Connect());
        await Begin(node, holder, Framed(2_000));
        await Queue(node, waiter, Small, 1);

        var drained = node.Node.Node.Broker.Drain();
        Assert.Null(await waiter.Receive());
        Assert.Null(await holder.Receive());
        waiter.CloseSending();
        holder.CloseSending();
        Assert.Equal(0, await drained);
        Assert.Equal(0, Memory(node).ClaimedBytes);
    }

    [Fact]
    public async Task Unset_it_bounds_nothing()
    {
        await using var node = await SocketNode.Start();
        Assert.Null(node.Node.Node.Broker.Connections.RequestMemory);
    }

    /// <summary>A client sends the beginning of a frame, for which room is claimed.</summary>
    private static async Task Begin(SocketNode node, SocketClient client, byte[] frame)
    {
        await client.Send(frame.AsMemory(0, 10));
        await Eventually.Is(() => Memory(node).ClaimedBytes == frame.Length - sizeof(int));
    }

    /// <summary>A client sends a frame for which there is no room, as the last of so many.</summary>
    private static async Task Queue(SocketNode node, SocketClient client, byte[] frame, int waiting)
    {
        await client.Send(frame);
        await Eventually.Is(() => Memory(node).Waiting == waiting);
    }

    private static RequestMemory Memory(SocketNode node) => node.Node.Node.Broker.Connections.RequestMemory!;

    /// <summary>ApiVersions whose client id makes it as long as that.</summary>
    private static byte[] Framed(int length)
    {
        const int WithoutId = 10;
        var frame = WireFrames.Of(new ApiVersionsRequest { ClientSoftwareName = "x", ClientSoftwareVersion = "1" }, 0, 1, new string('i', length - WithoutId));
        Assert.Equal(sizeof(int) + length, frame.Length);
        return frame;
    }
}
