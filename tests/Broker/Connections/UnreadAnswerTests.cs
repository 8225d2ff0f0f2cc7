using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>What a client costs that asks and does not read: its own answer, and in the end its connection.</summary>
public sealed class UnreadAnswerTests : ConnectionTests
{
    private const int AnswerBytes = 300_000;

    private readonly LargeAnswers _handler = new();

    private protected override IEnumerable<ServedApi> Served =>
        [new ServedApi<ListGroupsRequest, ListGroupsResponse>(0, 5, _handler), new ServedApi<ApiVersionsRequest, ApiVersionsResponse>(0, 4, new NoVersions())];

    [Fact]
    public async Task No_request_is_started_while_the_client_has_not_taken_the_answer_before_it()
    {
        var client = Connect(ConnectionLimits.Default);
        for (var i = 0; i < 20; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        for (var i = 1; i <= 20; i++)
        {
            await Eventually.Is(() => _handler.Started == i);
            Assert.Equal(AnswerBytes, (await client.Receive())!.Length, tolerance: 100);
            // The pipe lets go of its writer when half of its window is free.
            Assert.InRange(_handler.Started, i, i + 1);
        }
    }

    [Fact]
    public async Task Small_answers_that_nobody_reads_are_bounded_too()
    {
        _handler.Bytes = 1_000;
        var client = Connect(ConnectionLimits.Default);
        for (var i = 0; i < 1_000; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Started >= 50);
        Assert.False(await Changes(() => _handler.Started));
        Assert.InRange(_handler.Started, 50, 200);
        for (var i = 0; i < 1_000; i++) Assert.NotNull(await client.Receive());
        Assert.Equal(1_000, _handler.Started);
    }

    [Fact]
    public async Task Past_the_bound_of_all_clients_that_take_nothing_are_closed_and_who_waits_goes_on()
    {
        var memory = new AnswerMemory(2 * AnswerBytes, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var bad = new[] { Connect(limits), Connect(limits) };
        foreach (var client in bad)
        {
            _ = await client.Post(new ListGroupsRequest(), 4);
            _ = await client.Post(new ListGroupsRequest(), 4);
        }
        await Eventually.Is(() => memory.HeldBytes >= 2 * AnswerBytes);

        // One who asks for little, or whose answer its request bounds, does not wait.
        var good = Connect(limits);
        Assert.NotNull(await good.Ask<ApiVersionsRequest, ApiVersionsResponse>(new(), 0));
        _ = await good.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 1);
        Assert.Equal(2, _handler.Started);
        Assert.All(bad, client => Assert.False(client.Served.IsCompleted));

        for (var passedMs = 0; passedMs <= AnswerMemory.StalledAfterMs + 1_000; passedMs += 500) Time.Advance(TimeSpan.FromMilliseconds(500));
        foreach (var client in bad) await client.Served;
        Assert.Equal(AnswerBytes, (await good.Receive())!.Length, tolerance: 100);
        Assert.False(good.Served.IsCompleted);
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    [Fact]
    public async Task A_large_answer_is_written_when_there_is_room_for_all_of_it()
    {
        _handler.Bytes = 3_000_000;
        var memory = new AnswerMemory(8_000_000, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var clients = Enumerable.Range(0, 6).Select(_ => Connect(limits)).ToList();
        foreach (var client in clients) _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 4);
        Assert.InRange(memory.HeldBytes, 6_000_000, 8_000_000);
        foreach (var answer in await Task.WhenAll(clients.ConvertAll(static client => client.Receive())))
            Assert.Equal(3_000_000, answer!.Length, tolerance: 1_000);
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    [Fact]
    public async Task An_answer_that_is_larger_than_all_that_there_is_has_it_alone()
    {
        _handler.Bytes = 3_000_000;
        var memory = new AnswerMemory(2_000_000, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var (first, second) = (Connect(limits), Connect(limits));
        _ = await first.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= 3_000_000);
        _ = await second.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 1);
        Assert.NotNull(await first.Receive());
        Assert.NotNull(await second.Receive());
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    [Fact]
    public async Task A_large_answer_that_waits_for_a_slow_client_holds_up_nobody_else_and_the_slow_one_is_closed_in_the_end()
    {
        _handler.Bytes = 3_000_000;
        var log = new RecordedLines(LogLevel.Warning);
        var memory = new AnswerMemory(4_000_000, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var connection = new MemoryConnection(windowBytes: 64 * 1024);
        var slow = Connect(limits, connection, log);
        _ = await slow.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= 3_000_000);
        var waiting = Connect(limits);
        _ = await waiting.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 1);

        _handler.Bytes = AnswerBytes;
        var good = Connect(limits);
        for (var passedMs = 0; passedMs < AnswerMemory.SlowAfterMs + 1_000; passedMs += 500)
        {
            _ = await good.Post(new ListGroupsRequest(), 4);
            Assert.Equal(AnswerBytes, (await good.Receive())!.Length, tolerance: 100);
            Assert.Equal(passedMs < AnswerMemory.SlowAfterMs, !slow.Served.IsCompleted && log.Lines.Count == 0);
            connection.Activity!.NoteSent();
            Time.Advance(TimeSpan.FromMilliseconds(500));
        }
        await slow.Served;
        Assert.Contains("is not at its end", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Equal(3_000_000, (await waiting.Receive())!.Length, tolerance: 1_000);
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    /// <summary>The second has more bytes than an int counts, and the third more than four billion: cut to 32 bits, they are few.</summary>
    [Theory]
    [InlineData(AnswerRoom.MaxBytes + 100_000L)]
    [InlineData(int.MaxValue + 100_000L)]
    [InlineData(uint.MaxValue + 100_000L)]
    public async Task An_answer_past_what_any_may_be_is_not_sent_and_the_log_says_so(long bytes)
    {
        _handler.Bytes = bytes;
        var log = new RecordedLines(LogLevel.Warning);
        var client = Connect(ConnectionLimits.Default, log: log);
        _ = await client.Post(new ListGroupsRequest(), 4);
        Assert.Null(await client.Receive());
        await client.Served;
        Assert.Contains("ListGroups", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_takes_some_of_its_answer_now_and_then_is_not_closed()
    {
        var memory = new AnswerMemory(AnswerBytes, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var connection = new MemoryConnection(windowBytes: 64 * 1024);
        var slow = Connect(limits, connection);
        _ = await slow.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= AnswerBytes);
        var good = Connect(limits);
        _ = await good.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 1);
        for (var i = 0; i < 40; i++)
        {
            connection.Activity!.NoteSent();
            Time.Advance(TimeSpan.FromMilliseconds(500));
        }
        Assert.False(slow.Served.IsCompleted);
        Assert.Equal(1, memory.Waiting);
        Assert.NotNull(await slow.Receive());
        Assert.NotNull(await good.Receive());
    }

    /// <summary>
    /// The socket has room for more only when its client has read a third of what it holds, which is megabytes: what a slow client reads before is seen in the
    /// queue alone.
    /// </summary>
    [Fact]
    public async Task A_client_whose_queue_shrinks_reads_although_its_socket_takes_nothing_and_one_whose_queue_stands_is_closed()
    {
        var log = new RecordedLines(LogLevel.Warning);
        var memory = new AnswerMemory(2 * AnswerBytes, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var queue = new MemoryConnection(windowBytes: 64 * 1024) { UntakenBytes = 4_000_000 };
        var slow = Connect(limits, queue);
        _ = await slow.Post(new ListGroupsRequest(), 4);
        for (var round = 1; round <= 3; round++)
        {
            var stopped = Connect(limits, new MemoryConnection(windowBytes: 64 * 1024) { UntakenBytes = 4_000_000 }, log);
            _ = await stopped.Post(new ListGroupsRequest(), 4);
            await Eventually.Is(() => memory.HeldBytes >= 2 * AnswerBytes);
            var waiting = Connect(limits);
            _ = await waiting.Post(new ListGroupsRequest(), 4);
            await Eventually.Is(() => memory.Waiting == 1);
            for (var passedMs = 0; passedMs < AnswerMemory.StalledAfterMs + AnswerMemory.LookEveryMs; passedMs += AnswerMemory.LookEveryMs)
            {
                if (passedMs % (AnswerMemory.StalledAfterMs - 2 * AnswerMemory.LookEveryMs) == 0) queue.UntakenBytes--;
                Time.Advance(TimeSpan.FromMilliseconds(AnswerMemory.LookEveryMs));
            }
            await stopped.Served;
            Assert.Equal(round, log.Lines.Count);
            Assert.Contains("has read nothing", log.Lines[^1], StringComparison.Ordinal);
            Assert.NotNull(await waiting.Receive());
            // It is counted until its writer has seen that it is taken.
            await Eventually.Is(() => memory.HeldBytes < 2 * AnswerBytes);
        }
        Assert.NotNull(await slow.Receive());
    }

    [Fact]
    public async Task Who_leaves_while_it_waits_gives_its_turn_to_others()
    {
        var memory = new AnswerMemory(AnswerBytes, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var bad = Connect(limits);
        _ = await bad.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= AnswerBytes);
        var (first, second) = (Connect(limits), Connect(limits));
        _ = await first.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 1);
        _ = await second.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.Waiting == 2);
        bad.Lose();
        await bad.Served;
        Assert.NotNull(await first.Receive());
        Assert.NotNull(await second.Receive());
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    [Fact]
    public async Task An_answer_that_comes_late_waits_for_room_too()
    {
        var memory = new AnswerMemory(AnswerBytes, Wheel, Time);
        var limits = ConnectionLimits.Default with { Answers = memory };
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _handler.Until = go.Task;
        var late = Connect(limits);
        _ = await late.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Started == 1);
        _handler.Until = null;
        var bad = Connect(limits);
        _ = await bad.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= AnswerBytes);
        go.SetResult();
        await Eventually.Is(() => memory.Waiting == 1);
        bad.Lose();
        await bad.Served;
        Assert.NotNull(await late.Receive());
        await Eventually.Is(() => memory.HeldBytes == 0 && memory.Waiting == 0);
    }

    [Fact]
    public async Task Bytes_in_either_direction_keep_a_connection_and_silence_ends_it()
    {
        var connection = new MemoryConnection(windowBytes: 64 * 1024);
        var client = Connect(new ConnectionLimits(1 << 20, 10_000), connection);
        for (var i = 0; i < 10; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(9));
            connection.Activity!.NoteReceived();
            Time.Advance(TimeSpan.FromSeconds(9));
            connection.Activity!.NoteSent();
        }
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(client.Served.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));
        await client.Served;
    }

    [Fact]
    public async Task A_client_whose_queue_shrinks_is_not_idle_and_one_whose_queue_stands_is()
    {
        var connection = new MemoryConnection(windowBytes: 64 * 1024) { UntakenBytes = 20 };
        var memory = new AnswerMemory(AnswerBytes, Wheel, Time);
        var client = Connect(new ConnectionLimits(1 << 20, 10_000) { Answers = memory }, connection);
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => memory.HeldBytes >= AnswerBytes);
        for (var second = 1; second <= 60; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            if (second % 9 == 0) connection.UntakenBytes--;
        }
        Assert.NotNull(await client.Receive());
        for (var second = 1; second <= 20; second++) Time.Advance(TimeSpan.FromSeconds(1));
        await client.Served;
    }

    [Fact]
    public async Task A_client_that_does_not_read_for_the_idle_time_is_closed()
    {
        var client = Connect(new ConnectionLimits(1 << 20, 10_000));
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Started == 1);
        Time.Advance(TimeSpan.FromSeconds(11));
        await client.Served;
    }

    private static async Task<bool> Changes(Func<int> number)
    {
        // What is to be seen is that nothing happens: a machine that is slow sees that too.
        var before = number();
        await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        return number() != before && number() > 200;
    }

    /// <summary>One whose client may leave 64 KiB unread before the socket takes no more.</summary>
    private MemoryClient Connect(ConnectionLimits limits, ILogger? log = null) => Connect(limits, new MemoryConnection(windowBytes: 64 * 1024), log);

    private sealed class NoVersions : IHandler<ApiVersionsRequest, ApiVersionsResponse>
    {
        public ValueTask<ApiVersionsResponse?> Handle(ApiVersionsRequest request, RequestContext context) => new(new ApiVersionsResponse());
    }

    private sealed class LargeAnswers : IHandler<ListGroupsRequest, ListGroupsResponse>
    {
        private int _started;

        public long Bytes { get; set; } = AnswerBytes;

        public Task? Until { get; set; }

        public int Started => Volatile.Read(ref _started);

        public async ValueTask<ListGroupsResponse?> Handle(ListGroupsRequest request, RequestContext context)
        {
            var until = Until;
            Interlocked.Increment(ref _started);
            if (until is not null) await until;
            var answer = new ListGroupsResponse();
            const int chunk = 30_000;
            var whole = new string('g', chunk);
            for (var left = Bytes; left > 0; left -= chunk) answer.Groups.Add(new() { GroupId = left < chunk ? whole[..(int)left] : whole });
            return answer;
        }
    }
}
