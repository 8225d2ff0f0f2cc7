using System.Buffers.Binary;
using System.Net.Sockets;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Server.Transport;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Server.Tests.Hosting;

/// <summary>
/// Slow, silent, half-open and flooding clients over real sockets. Each costs what a named bound allows, and a client that behaves is served all the while.
/// </summary>
public sealed class HostileClientsTests
{
    private const string Topic = "well";

    /// <summary>What a connection may hold besides one frame: a block to receive into and one to send from.</summary>
    private const long BytesOfConnection = 2 * BlockPool.StandardSize;

    private static readonly byte[] Batch = OneRecord(new byte[1_000]);

    private static readonly byte[] ApiVersions = WireFrames.Of(new ApiVersionsRequest { ClientSoftwareName = "x", ClientSoftwareVersion = "1" }, 3, 7);

    [Fact]
    public async Task A_client_that_sends_a_byte_at_a_time_is_answered_and_holds_up_nobody()
    {
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        using var slow = node.Connect();
        foreach (var one in ApiVersions)
        {
            await slow.Send(new[] { one });
            await Work(node, rounds: 1);
        }

        Assert.NotNull(await slow.Receive());
    }

    [Fact]
    public async Task Frames_that_are_announced_and_never_come_cost_no_memory_of_their_size()
    {
        const int Clients = 600;
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        var head = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(head, 100 * 1024 * 1024);
        foreach (var client in await Crowd(node, Clients))
        {
            await client.Send(head);
        }

        await Work(node, rounds: 50);
        // The claims of all of them would be 60 GB. Blocks of a megabyte are given out up to a bound, standard ones past it.
        Assert.InRange(node.Node.Transport.Pool.RentedBytes, 0, BlockPool.MaxClaimedBytes + BlockPool.LargestSize + (Clients * BytesOfConnection));
    }

    [Fact]
    public async Task Frames_that_come_in_part_cost_no_more_than_all_requests_may_take()
    {
        const int Clients = 100, FrameBytes = 1 << 20, Bound = 4 << 20;
        await using var node = await SocketNode.Start(("socket.request.max.bytes", $"{FrameBytes}"), ("queued.max.request.bytes", $"{Bound}"));
        var most = new byte[FrameBytes];
        BinaryPrimitives.WriteInt32BigEndian(most, FrameBytes);
        var sending = (await Crowd(node, Clients)).ConvertAll(client => Flood(client, most, count: 1));
        await Until(() => node.Node.Node.Broker.Connections.RequestMemory!.Waiting == Clients - (Bound / FrameBytes));
        // Besides, each may have what its first receive took before its turn came.
        Assert.InRange(node.Node.Transport.Pool.RentedBytes, Bound / 2, Bound + (Clients * BytesOfConnection));

        node.Disconnect();
        await Task.WhenAll(sending).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await Until(() => node.Node.Node.Broker.Connections.RequestMemory!.ClaimedBytes == 0);
    }

    [Fact]
    public async Task A_client_that_reads_no_answers_is_not_read_any_more()
    {
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        await Work(node, rounds: 20);
        byte[][] requests = [Produce(acks: 1), Fetch(), ApiVersions];
        var floods = new List<Task>();
        foreach (var request in requests)
        {
            var deaf = node.Connect(receiveBufferBytes: 4 * 1024);
            floods.Add(Flood(deaf, request, count: 100_000));
        }

        await Work(node, rounds: 100);
        // What they sent and nobody took lies in their own system's buffers.
        Assert.InRange(node.Node.Transport.Pool.RentedBytes, 0,
            (requests.Length + 2) * (BytesOfConnection + ConnectionLimits.MaxUnflushedBytes + BlockPool.LargestSize));
        node.Disconnect();
        await Task.WhenAll(floods).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_hundred_thousand_requests_in_a_row_are_all_answered_in_order()
    {
        const int Count = 100_000;
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        using var client = node.Connect();
        var sending = Task.Run(async () =>
        {
            const int AtOnce = 1_000;
            var many = new byte[ApiVersions.Length * AtOnce];
            for (var sent = 0; sent < Count; sent += AtOnce)
            {
                for (var i = 0; i < AtOnce; i++)
                {
                    ApiVersions.CopyTo(many, i * ApiVersions.Length);
                    BinaryPrimitives.WriteInt32BigEndian(many.AsSpan((i * ApiVersions.Length) + 8), sent + i);
                }

                await client.Send(many);
            }
        }, TestContext.Current.CancellationToken);
        await using var stream = new BufferedStream(new NetworkStream(client.Socket), 1 << 20);
        var head = new byte[8];
        var rest = new byte[64 * 1024];
        for (var i = 0; i < Count; i++)
        {
            await stream.ReadExactlyAsync(head, TestContext.Current.CancellationToken);
            Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)));
            await stream.ReadExactlyAsync(rest.AsMemory(0, BinaryPrimitives.ReadInt32BigEndian(head) - 4), TestContext.Current.CancellationToken);
            if (i % 10_000 == 0)
            {
                await Work(node, rounds: 2);
            }
        }

        await sending;
        Assert.InRange(node.Node.Transport.Pool.RentedBytes, 0, 4 * (BytesOfConnection + BlockPool.LargestSize));
    }

    [Fact]
    public async Task Halves_that_are_closed_and_connections_that_are_reset_leave_nothing_behind()
    {
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        for (var i = 0; i < 200; i++)
        {
            var half = node.Connect();
            await half.Send(ApiVersions);
            half.CloseSending();
            Assert.NotNull(await half.Receive());
            Assert.Null(await half.Receive());

            var cut = node.Connect();
            await cut.Send(ApiVersions.AsMemory(0, i % ApiVersions.Length));
            cut.Reset();
            var waiting = node.Connect();
            await waiting.Send(Fetch(waitMs: 60_000));
            waiting.Reset();
            if (i % 20 == 0)
            {
                await Work(node, rounds: 1);
            }
        }

        await Until(() => node.Node.Transport.OpenConnections == 0);
        await Until(() => node.Node.Transport.Pool.RentedBytes == 0);
        await Until(() => node.Node.Node.Broker.WaitingFetches == 0);
    }

    [Fact]
    public async Task Thousands_of_silent_connections_slow_nobody_down()
    {
        const int Clients = 3_000;
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        _ = await Crowd(node, Clients);
        await Work(node, rounds: 100);
        Assert.InRange(node.Node.Transport.Pool.RentedBytes, 0, (Clients * (long)BlockPool.SmallSize) + (4 * BytesOfConnection));
    }

    [Fact]
    public async Task Fetch_sessions_past_their_number_are_not_opened()
    {
        const int Slots = 10;
        await using var node = await SocketNode.Start(("max.incremental.fetch.session.cache.slots", "10"));
        _ = await node.CreateTopic(Topic, 1);
        using var flood = node.Connect();
        for (var i = 0; i < 500; i++)
        {
            var answer = await flood.Ask<FetchRequest, FetchResponse>(FetchOf($"no-such-topic-{i}", 100, sessionEpoch: 0), 12);
            Assert.Equal(i < Slots, answer.SessionId != 0);
        }

        Assert.Equal(Slots, node.Node.Node.Broker.FetchSessions);
        await Work(node, rounds: 20);
    }

    [Fact]
    public async Task Groups_topics_and_long_names_by_the_thousand_leave_a_group_of_others_alone()
    {
        await using var node = await SocketNode.Start();
        _ = await node.CreateTopic(Topic, 1);
        using var flood = node.Connect();
        for (var i = 0; i < 3_000; i++)
        {
            var join = new JoinGroupRequest
            {
                GroupId = $"flood-{i}{new string('g', i % 100 == 0 ? 20_000 : 10)}",
                SessionTimeoutMs = 6_000,
                RebalanceTimeoutMs = 6_000,
                ProtocolType = "consumer",
                Protocols = { new() { Name = "range", Metadata = new byte[100] } },
            };
            var answer = await flood.Ask<JoinGroupRequest, JoinGroupResponse>(join, 5);
            Assert.NotEqual(ErrorCode.None, answer.ErrorCode);
            var longName = new string('t', 1 + (i % 20_000));
            var metadata = await flood.Ask<MetadataRequest, MetadataResponse>(
                new MetadataRequest { Topics = [new() { Name = $"bad name {longName}" }], AllowAutoTopicCreation = true }, 9);
            Assert.Equal(ErrorCode.InvalidTopicException, metadata.Topics[0].ErrorCode);
            if (i % 300 == 0)
            {
                await Work(node, rounds: 1);
            }
        }

        var telemetry = await flood.Ask<GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse>(new GetTelemetrySubscriptionsRequest(), 0);
        Assert.Equal(ErrorCode.None, telemetry.ErrorCode);
        await Work(node, rounds: 10);
    }

    /// <summary>Many connections, as fast as they are let in: more than wait to be accepted would be made to try again by the system after a second.</summary>
    private static async Task<List<SocketClient>> Crowd(SocketNode node, int count)
    {
        const int WaitingAtMost = 40;
        await Until(() => node.Node.Node.Broker.Connections.Open.Count == 0);
        var crowd = new List<SocketClient>();
        while (crowd.Count < count)
        {
            crowd.Add(node.Connect());
            if (crowd.Count % WaitingAtMost == 0 || crowd.Count == count) await Until(() => node.Node.Node.Broker.Connections.Open.Count >= crowd.Count);
        }

        return crowd;
    }

    /// <summary>What a client that behaves asks: produce, fetch what was produced, over its own connection. It fails where an answer does not come.</summary>
    private static async Task Work(SocketNode node, int rounds)
    {
        using var client = node.Connect();
        for (var i = 0; i < rounds; i++)
        {
            var produced = await client.Ask<ProduceRequest, ProduceResponse>(ProduceOf(acks: -1), 9, i);
            Assert.Equal(ErrorCode.None, produced.Responses[0].PartitionResponses[0].ErrorCode);
            var offset = produced.Responses[0].PartitionResponses[0].BaseOffset;
            var fetched = await client.Ask<FetchRequest, FetchResponse>(FetchOf(Topic, 1, sessionEpoch: -1, offset), 12, i);
            Assert.Equal(ErrorCode.None, fetched.Responses[0].Partitions[0].ErrorCode);
            Assert.NotEqual(0, fetched.Responses[0].Partitions[0].Records!.Length);
        }
    }

    /// <summary>Sends as much as the client takes; ends when the connection does.</summary>
    private static async Task Flood(SocketClient client, byte[] request, int count)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                await client.Send(request);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection was closed under it.
        }
    }

    private static byte[] Produce(short acks) => WireFrames.Of(ProduceOf(acks), 9, 1);

    private static ProduceRequest ProduceOf(short acks) => new()
    {
        Acks = acks,
        TimeoutMs = 120_000,
        TopicData = { new() { Name = Topic, PartitionData = { new() { Index = 0, Records = RecordBytes.From(Batch.AsMemory()) } } } },
    };

    private static byte[] Fetch(int waitMs = 0)
    {
        var request = FetchOf(Topic, 1, sessionEpoch: -1, offset: 0);
        request.MaxWaitMs = waitMs;
        request.MinBytes = waitMs > 0 ? int.MaxValue : 1;
        return WireFrames.Of(request, 12, 1);
    }

    private static FetchRequest FetchOf(string topic, int partitions, int sessionEpoch, long offset = 0)
    {
        var fetch = new FetchRequest.FetchTopic { Topic = topic };
        for (var i = 0; i < partitions; i++)
        {
            fetch.Partitions.Add(new() { Partition = i, FetchOffset = offset, PartitionMaxBytes = 1 << 20 });
        }

        return new FetchRequest { MaxWaitMs = 0, MinBytes = 1, MaxBytes = 1 << 20, SessionEpoch = sessionEpoch, Topics = { fetch } };
    }

    private static byte[] OneRecord(byte[] value)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(1_700_000_000_000, NullableBytes.Null, value);
        return builder.ToArray();
    }

    private static async Task Until(Func<bool> condition)
    {
        using var expired = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        // What follows may run on the thread of the sockets, which must not be kept from accepting.
        await Task.Yield();
        while (!condition())
        {
            await Task.Delay(10, expired.Token);
        }
    }
}
