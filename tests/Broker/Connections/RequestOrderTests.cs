using System.Buffers.Binary;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>Requests of a connection are processed one after another; only Produce requests overlap, while they wait for their acknowledgement.</summary>
public sealed class RequestOrderTests : ConnectionTests
{
    private static readonly ProduceRequest Produce = new() { Acks = -1, TimeoutMs = 120_000 };

    private readonly Parked<ListGroupsRequest, ListGroupsResponse> _reads = new();
    private readonly Parked<ProduceRequest, ProduceResponse> _produces = new() { LetsProducesFollow = true };

    private protected override IEnumerable<ServedApi> Served =>
        [new ServedApi<ListGroupsRequest, ListGroupsResponse>(0, 5, _reads), new ServedApi<ProduceRequest, ProduceResponse>(3, 13, _produces)];

    [Fact]
    public async Task The_next_request_is_started_when_the_one_before_it_is_answered()
    {
        var client = Connect();
        for (var i = 0; i < 5; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        for (var i = 1; i <= 5; i++)
        {
            await Eventually.Is(() => _reads.Places.Count == i);
            _reads.Answer(i - 1, new());
            Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
            // Were the next two started together, there would be two more here.
            Assert.InRange(_reads.Places.Count, i, i + 1);
        }
    }

    [Fact]
    public async Task Produce_requests_overlap_in_their_wait_and_are_answered_in_their_order()
    {
        var client = Connect();
        for (var i = 0; i < 10; i++) _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == 10);
        foreach (var place in new[] { 9, 3, 1, 0, 2, 8, 7, 6, 5, 4 }) _produces.Answer(place, new());
        for (var i = 1; i <= 10; i++) Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
    }

    [Fact]
    public async Task As_many_Produce_requests_wait_as_the_bound_says()
    {
        var client = Connect();
        const int limit = ConnectionLimits.MaxRequestsInFlight;
        for (var i = 0; i < limit + 5; i++) _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == limit);
        for (var i = 0; i < limit + 5; i++)
        {
            await Eventually.Is(() => _produces.Places.Count == Math.Min(limit + i, limit + 5));
            _produces.Answer(i, new());
            Assert.Equal(i + 1, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
        }
    }

    [Fact]
    public async Task Answers_that_wait_for_those_before_them_hold_up_further_Produce_requests_by_their_bytes()
    {
        var client = Connect();
        var large = new ProduceResponse { Responses = [new() { Name = "t", PartitionResponses = [new() { ErrorMessage = new string('x', 30_000) }] }] };
        for (var i = 0; i < 10; i++) _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == 10);
        for (var i = 1; i < 10; i++) _produces.Answer(i, large);
        _ = await client.Post(Produce, 9);
        _produces.Answer(0, large);
        for (var i = 1; i <= 10; i++) Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
        await Eventually.Is(() => _produces.Places.Count == 11);
    }

    [Fact]
    public async Task Neither_a_read_behind_a_Produce_nor_a_Produce_behind_a_read_overlaps()
    {
        var client = Connect();
        _ = await client.Post(Produce, 9);
        _ = await client.Post(new ListGroupsRequest(), 4);
        _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == 1);
        Assert.Empty(_reads.Places);
        _produces.Answer(0, new());
        await Eventually.Is(() => _reads.Places.Count == 1);
        _ = Assert.Single(_produces.Places);
        _reads.Answer(0, new());
        await Eventually.Is(() => _produces.Places.Count == 2);
        _produces.Answer(1, new());
        for (var i = 1; i <= 3; i++) Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
    }

    [Fact]
    public async Task A_Produce_that_has_not_written_its_records_lets_none_follow()
    {
        _produces.LetsProducesFollow = false;
        var client = Connect();
        _ = await client.Post(Produce, 9);
        _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == 1);
        _produces.Answer(0, new());
        Assert.NotNull(await client.Receive());
        await Eventually.Is(() => _produces.Places.Count == 2);
    }

    [Fact]
    public async Task A_request_without_an_answer_leaves_no_gap()
    {
        var client = Connect();
        for (var i = 0; i < 3; i++) _ = await client.Post(Produce, 9);
        await Eventually.Is(() => _produces.Places.Count == 3);
        _produces.Answer(1, null);
        _produces.Answer(2, new());
        _produces.Answer(0, new());
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
        Assert.Equal(3, BinaryPrimitives.ReadInt32BigEndian(await client.Receive()));
    }

    [Fact]
    public async Task The_end_of_a_client_is_seen_although_its_next_request_lies_here()
    {
        var client = Connect();
        _ = await client.Post(new ListGroupsRequest(), 4);
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _reads.Places.Count == 1);
        client.Lose();
        await client.Served;
        Assert.True(_reads.Contexts[0].Aborted.IsCancellationRequested);
        _ = Assert.Single(_reads.Places);
    }

    [Fact]
    public async Task What_lies_behind_a_request_that_waits_is_bounded()
    {
        // More than is read ahead: the pipe holds its writer up when it comes to be past the window, not where it stays past it.
        const int window = 128 * 1024;
        var connection = new MemoryConnection(window);
        var client = Connect(connection: connection);
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _reads.Places.Count == 1);
        var behind = new byte[1_000_000];
        BinaryPrimitives.WriteInt32BigEndian(behind, behind.Length - 4);
        var sent = 0;
        var sending = Task.CompletedTask;
        while (sending.IsCompleted && sent < behind.Length)
        {
            sending = client.Send(behind.AsMemory(sent, 10_000));
            sent += 10_000;
            if (sent <= 64 * 1024) await sending;
            // Now the connection stops to read. A slow machine only seems to stop earlier.
            else await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
        }
        Assert.InRange(sent, 64 * 1024, 2 * window);

        // It is read on when its turn comes.
        _reads.Answer(0, new());
        Assert.NotNull(await client.Receive());
        await sending;
    }

    [Fact]
    public async Task Requests_that_lie_here_when_the_client_ends_its_half_are_answered_one_after_another()
    {
        var client = Connect();
        for (var i = 0; i < 3; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        client.CloseSending();
        for (var i = 1; i <= 3; i++)
        {
            await Eventually.Is(() => _reads.Places.Count == i);
            _reads.Answer(i - 1, new());
            Assert.NotNull(await client.Receive());
        }
        Assert.Null(await client.Receive());
    }

    [Fact]
    public async Task A_stop_answers_what_was_begun_and_nothing_behind_it()
    {
        var connection = new MemoryConnection();
        var served = Serve(connection, ConnectionLimits.Default);
        var client = new MemoryClient(connection, served.Run());
        for (var i = 0; i < 3; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _reads.Places.Count == 1);
        served.Drain();
        _reads.Answer(0, new());
        Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
        client.CloseSending();
        await client.Served;
        _ = Assert.Single(_reads.Places);
    }

    /// <summary>Answers when the test says so.</summary>
    private sealed class Parked<TRequest, TResponse> : IHandler<TRequest, TResponse>
        where TRequest : class, IRequest
        where TResponse : class, IResponse
    {
        private readonly Lock _lock = new();
        private readonly List<TaskCompletionSource<TResponse?>> _places = [];
        private readonly List<RequestContext> _contexts = [];

        public bool LetsProducesFollow { get; set; }

        public IReadOnlyList<TaskCompletionSource<TResponse?>> Places
        {
            get { lock (_lock) return [.. _places]; }
        }

        public IReadOnlyList<RequestContext> Contexts
        {
            get { lock (_lock) return [.. _contexts]; }
        }

        public void Answer(int place, TResponse? answer) => Places[place].SetResult(answer);

        public ValueTask<TResponse?> Handle(TRequest request, RequestContext context)
        {
            var parked = new TaskCompletionSource<TResponse?>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (LetsProducesFollow) context.LetProducesFollow();
            lock (_lock)
            {
                _places.Add(parked);
                _contexts.Add(context);
            }
            return new ValueTask<TResponse?>(parked.Task);
        }
    }
}
