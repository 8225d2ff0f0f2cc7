using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>Requests whose objects take much memory: they share a bound, get their turn, and cost others nothing.</summary>
public sealed class LargeRequestTests : ConnectionTests
{
    private const int Topics = 80_000;

    /// <summary>One request of <see cref="Topics"/> leaves too little for what another may ask.</summary>
    private const long MaxBytes = 20 * 1024 * 1024;

    private static readonly byte[] Large = MemoryClient.Frame(Many(Topics), 4, 7);

    private readonly Parked _handler = new();
    private readonly DecodeMemory _memory = new(MaxBytes);

    private protected override IEnumerable<ServedApi> Served =>
    [
        new ServedApi<FetchRequest, FetchResponse>(4, 18, _handler),
        new ServedApi<ProduceRequest, ProduceResponse>(3, 13, _handler),
        new ServedApi<ApiVersionsRequest, ApiVersionsResponse>(0, 4, _handler),
    ];

    private ConnectionLimits Limits => ConnectionLimits.Default with { Decoding = _memory };

    [Fact]
    public async Task What_large_requests_of_all_connections_take_is_bounded_and_small_ones_do_not_wait()
    {
        const int Connections = 50;
        var clients = Enumerable.Range(0, Connections).Select(_ => Connect()).ToList();
        foreach (var client in clients) await client.Send(Large);
        var served = 0;
        while (served < Connections)
        {
            await Eventually.Is(() => _handler.Places.Count > served);
            Assert.InRange(_memory.TakenBytes, 1, MaxBytes);
            // A topic is an object, a list and a string.
            Assert.InRange((_handler.Places.Count - served) * (long)Topics * 64, 1, MaxBytes);
            var good = Connect();
            Assert.NotNull(await good.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0));
            _handler.Answer(served++);
        }
        foreach (var client in clients) Assert.NotNull(await client.Receive());
        await Eventually.Is(() => _memory is { TakenBytes: 0, Waiting: 0 });
    }

    [Fact]
    public async Task What_is_produced_is_not_decoded_and_does_not_count()
    {
        var produce = Records.Produce("t", new byte[4 * 1024 * 1024], acks: 1);
        var other = Connect();
        await Hold(other);
        Assert.Equal(0, _memory.Waiting);
        var client = Connect();
        _ = await client.Post(produce, 9);
        await Eventually.Is(() => _handler.Produced == 1);
        Assert.NotNull(await client.Receive());
    }

    [Fact]
    public async Task Requests_of_a_connection_keep_their_order_round_a_large_one()
    {
        var client = Connect();
        var before = await client.Post(new ApiVersionsRequest(), 0);
        await client.Send(Large);
        var after = await client.Post(new ApiVersionsRequest(), 0);
        Assert.Equal(before, CorrelationId(await client.Receive()));
        await Eventually.Is(() => _handler.Places.Count == 1);
        _handler.Answer(0);
        Assert.Equal(7, CorrelationId(await client.Receive()));
        Assert.Equal(after, CorrelationId(await client.Receive()));
    }

    [Fact]
    public async Task Who_leaves_while_it_waits_lets_others_have_their_turn()
    {
        var (holder, leaving, waiting) = (Connect(), Connect(), Connect());
        await Hold(holder);
        await leaving.Send(Large);
        await Eventually.Is(() => _memory.Waiting == 1);
        await waiting.Send(Large);
        await Eventually.Is(() => _memory.Waiting == 2);
        leaving.Lose();
        _handler.Answer(0);
        // The one that left has its turn first, and its answer goes nowhere; it gives the turn back when its end is seen.
        await Eventually.Is(() => _handler.Places.Count >= 2);
        _handler.Answer(1);
        await Eventually.Is(() => _handler.Places.Count == 3);
        _handler.Answer(2);
        Assert.NotNull(await waiting.Receive());
        await leaving.Served;
    }

    [Fact]
    public async Task Who_waits_too_long_is_closed_and_the_log_says_why()
    {
        var log = new RecordedLines(LogLevel.Warning);
        await Hold(Connect());
        var client = Connect(log.CreateLogger("kafkacompat.connections"));
        await client.Send(Large);
        await Eventually.Is(() => _memory.Waiting == 1);
        for (var passedMs = 0; passedMs <= DecodeMemory.MaxWaitMs; passedMs += 1_000) Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await client.Receive());
        await client.Served;
        Assert.Contains(log.Lines, static line => line.Contains("large requests of other connections hold the memory", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_that_ends_in_order_while_its_request_waits_does_so_at_once()
    {
        await Hold(Connect());
        var connection = new MemoryConnection();
        var served = Serve(connection, Limits);
        var client = new MemoryClient(connection, served.Run());
        await client.Send(Large);
        await Eventually.Is(() => _memory.Waiting == 1);
        served.Drain();
        Assert.Null(await client.Receive());
        client.CloseSending();
        await client.Served;
        Assert.Equal(0, _memory.Waiting);
    }

    [Fact]
    public async Task One_that_waits_for_something_is_ended_when_others_ask()
    {
        _handler.Ends = true;
        var clients = Enumerable.Range(0, 8).Select(_ => Connect()).ToList();
        foreach (var client in clients) await client.Send(Large);
        var answers = clients.ConvertAll(static client => client.Receive());
        // The last to ask is asked by nobody.
        await Eventually.Is(() => answers.Count(static answer => answer.IsCompletedSuccessfully) == clients.Count - 1);
        Assert.Equal(0, _memory.Waiting);
        foreach (var client in clients) client.Lose();
    }

    [Fact]
    public async Task A_request_that_cannot_be_read_gives_back_what_was_set_aside()
    {
        var client = Connect();
        await client.Send(Large.AsMemory(0, 4));
        // A last topic whose name is longer than the frame.
        var broken = Large.AsSpan(4).ToArray();
        broken.AsSpan(broken.Length - 6).Fill(0x7f);
        await client.Send(broken);
        Assert.Null(await client.Receive());
        await client.Served;
        Assert.Equal(0, _memory.TakenBytes);
        Assert.Empty(_handler.Places);
    }

    [Fact]
    public async Task One_whose_connection_ends_while_its_handler_waits_holds_up_nobody()
    {
        var (holder, waiting) = (Connect(), Connect());
        await Hold(holder);
        await waiting.Send(Large);
        await Eventually.Is(() => _memory.Waiting == 1);
        holder.Lose();
        await holder.Served;
        await Eventually.Is(() => _handler.Places.Count == 2);
        _handler.Answer(1);
        Assert.NotNull(await waiting.Receive());
        await Eventually.Is(() => _memory is { TakenBytes: 0, Waiting: 0 });
    }

    [Fact]
    public async Task A_member_that_waits_for_its_group_holds_up_nobody()
    {
        await using var node = TestNode.Start();
        var (first, second) = (node.Connect(), node.Connect());
        _ = await first.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        await node.GroupsLoaded();
        var joined = await first.Ask<JoinGroupRequest, JoinGroupResponse>(Join(new byte[10]), 3);
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        _ = await second.Post(Join(new byte[2 * DecodeMemory.SmallBytes]), 3);
        var heartbeat = new HeartbeatRequest { GroupId = "g", MemberId = joined.MemberId, GenerationId = joined.GenerationId };
        await Eventually.Is(async () => (await first.Ask<HeartbeatRequest, HeartbeatResponse>(heartbeat, 2)).ErrorCode == ErrorCode.RebalanceInProgress);
        await Eventually.Is(() => node.Broker.Connections.DecodeMemory.TakenBytes == 0);
    }

    [Fact]
    public async Task A_deadline_that_fires_when_the_turn_has_come_takes_nothing_back()
    {
        var (turn, waiting) = (_memory.Ask(MaxBytes), _memory.Ask(MaxBytes));
        turn.OnDeadline();
        waiting.OnDeadline();
        Assert.True(await turn.Granted.Task);
        Assert.False(await waiting.Granted.Task);
        Assert.Equal(MaxBytes, _memory.TakenBytes);
    }

    private static JoinGroupRequest Join(byte[] metadata) => new()
    {
        GroupId = "g",
        MemberId = "",
        SessionTimeoutMs = 300_000,
        RebalanceTimeoutMs = 300_000,
        ProtocolType = "consumer",
        Protocols = { new() { Name = "range", Metadata = metadata } },
    };

    private static FetchRequest Many(int topics)
    {
        var request = new FetchRequest { MaxWaitMs = int.MaxValue, MinBytes = 1, MaxBytes = 1 };
        for (var i = 0; i < topics; i++) request.Topics.Add(new() { Topic = "" });
        return request;
    }

    private static int CorrelationId(byte[]? frame) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame);

    private async Task Hold(MemoryClient client)
    {
        var before = _handler.Places.Count;
        await client.Send(Large);
        await Eventually.Is(() => _handler.Places.Count == before + 1);
    }

    private MemoryClient Connect(ILogger? log = null) => Connect(Limits, log: log);

    /// <summary>Answers fetches when the test says so, or when others ask for the memory; all else at once.</summary>
    private sealed class Parked
        : IHandler<FetchRequest, FetchResponse>, IHandler<ProduceRequest, ProduceResponse>, IHandler<ApiVersionsRequest, ApiVersionsResponse>
    {
        private readonly List<TaskCompletionSource<FetchResponse?>> _places = [];
        private int _produced;

        public bool Ends { get; set; }

        public int Produced => Volatile.Read(ref _produced);

        public IReadOnlyList<TaskCompletionSource<FetchResponse?>> Places
        {
            get { lock (_places) return [.. _places]; }
        }

        public void Answer(int place) => Places[place].SetResult(new FetchResponse());

        public ValueTask<FetchResponse?> Handle(FetchRequest request, RequestContext context)
        {
            var parked = new TaskCompletionSource<FetchResponse?>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_places) _places.Add(parked);
            if (Ends) context.EndWaitingWhenMemoryIsWanted(() => parked.TrySetResult(new FetchResponse()));
            return new ValueTask<FetchResponse?>(parked.Task);
        }

        public ValueTask<ProduceResponse?> Handle(ProduceRequest request, RequestContext context)
        {
            Interlocked.Increment(ref _produced);
            return new(new ProduceResponse());
        }

        public ValueTask<ApiVersionsResponse?> Handle(ApiVersionsRequest request, RequestContext context) => new(new ApiVersionsResponse());
    }
}
