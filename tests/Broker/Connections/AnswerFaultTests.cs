using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>A fault round one answer: those behind it leave, or the connection ends. It never stands still.</summary>
public sealed class AnswerFaultTests : ConnectionTests
{
    private readonly Groups _handler = new();
    private readonly Produces _produces = new();

    private protected override IEnumerable<ServedApi> Served =>
        [new ServedApi<ListGroupsRequest, ListGroupsResponse>(0, 5, _handler), new ServedApi<ProduceRequest, ProduceResponse>(3, 13, _produces)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_that_fails_keeps_no_answer_from_its_client(bool isLate)
    {
        _handler.IsLate = isLate;
        var client = Connect(log: new LoggersThatFail("were answered with"));
        for (var i = 0; i < 5; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        for (var i = 0; i < 5; i++) Assert.NotNull(await client.Receive());
        client.CloseSending();
        Assert.Null(await client.Receive());
        await client.Served;
    }

    [Fact]
    public async Task What_an_answer_held_may_fail_to_close()
    {
        _handler.Held = new FailsToClose();
        var client = Connect(log: new RecordedLines(LogLevel.Error));
        for (var i = 0; i < 5; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        for (var i = 0; i < 5; i++) Assert.NotNull(await client.Receive());
        client.CloseSending();
        await client.Served;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_cannot_be_written_ends_its_connection_behind_those_before_it(bool isLate)
    {
        var log = new RecordedLines(LogLevel.Error);
        _handler.IsLate = isLate;
        _handler.Bad = 3;
        var client = Connect(log: log);
        for (var i = 0; i < 5; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        for (var i = 0; i < 3; i++) Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
        await client.Served;
        // Which it is depends on whether those before it are written when it is there: behind others it fails by its size already.
        await Eventually.Is(() =>
            log.Lines.Any(static line => line.Contains("could not be written", StringComparison.Ordinal)
            || line.Contains("The handler of", StringComparison.Ordinal)));
    }

    /// <summary>The answers before it are sent already: a log that takes its time keeps none of them from the client.</summary>
    [Fact]
    public async Task A_log_that_hangs_over_an_answer_that_cannot_be_written_loses_none_before_it()
    {
        using var log = new LoggersThatHang("could not be written");
        _handler.IsLate = true;
        _handler.Bad = -1;
        var client = Connect(log: log);
        do
        {
            // Where the one before it is still being written it fails by its size already, and the log does not hang: once more.
            if (_handler.Bad >= 0) client = Connect(log: log);
            _handler.Bad += 4;
            for (var i = 0; i < 2; i++) _ = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 4);
            for (var i = 0; i < 2; i++) _ = await client.Post(new ListGroupsRequest(), 4);
        }
        while (await Task.WhenAny(log.Reached, client.Served) != log.Reached);
        Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
        log.Go();
        await client.Served;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_that_fails_to_say_that_a_handler_failed_leaves_the_node_and_ends_the_connection(bool isLate)
    {
        _handler.IsLate = isLate;
        _handler.Fault = new InvalidDataException("planned");
        var client = Connect(log: new LoggersThatFail("The handler of"));
        _ = await client.Post(new ListGroupsRequest(), 4);
        Assert.Null(await client.Receive());
        await client.Served;
    }

    /// <summary>Part of a request is read by its handler, at once or later. What cannot be read is the client's fault, and no failure of the handler.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_its_handler_cannot_read_is_said_to_be_unreadable(bool isLate)
    {
        var log = new RecordedLines(LogLevel.Warning);
        _handler.IsLate = isLate;
        _handler.Fault = new WireFormatException("planned");
        var client = Connect(log: log);
        _ = await client.Post(new ListGroupsRequest(), 4);
        Assert.Null(await client.Receive());
        await client.Served;
        await Eventually.Is(() => log.Lines.Count > 0);
        Assert.Contains("a request cannot be read: planned", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_has_no_size_behind_one_that_waits_ends_its_connection_and_holds_nothing()
    {
        var log = new RecordedLines(LogLevel.Error);
        var client = Connect(log: log);
        for (var i = 0; i < 2; i++) _ = await client.Post(Records.Produce("t", Records.Batch(), acks: 1), 9);
        await Eventually.Is(() => log.Lines.Count > 0);
        _produces.Go.SetResult();
        Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
        await client.Served;
        Assert.True(_produces.Held.IsClosed);
        Assert.Contains("Produce", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    private sealed class FailsToClose : IDisposable
    {
        public void Dispose() => throw new IOException("planned");
    }

    private sealed class Closes : IDisposable
    {
        private volatile bool _isClosed;

        public bool IsClosed => _isClosed;

        public void Dispose() => _isClosed = true;
    }

    /// <summary>The first waits, and the second has an answer at once that has no size.</summary>
    private sealed class Produces : IHandler<ProduceRequest, ProduceResponse>
    {
        private int _started;

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Closes Held { get; } = new();

        public async ValueTask<ProduceResponse?> Handle(ProduceRequest request, RequestContext context)
        {
            if (_started++ == 0)
            {
                context.LetProducesFollow();
                await Go.Task;
                return new ProduceResponse();
            }
            context.HoldUntilAnswered(Held);
            return new ProduceResponse { Responses = { null! } };
        }
    }

    private sealed class Groups : IHandler<ListGroupsRequest, ListGroupsResponse>
    {
        private int _started;

        public bool IsLate { get; set; }

        public Exception? Fault { get; set; }

        public int Bad { get; set; } = -1;

        public IDisposable? Held { get; set; }

        public async ValueTask<ListGroupsResponse?> Handle(ListGroupsRequest request, RequestContext context)
        {
            var isBad = _started++ == Bad;
            if (Held is { } held) context.HoldUntilAnswered(held);
            if (IsLate) await Task.Yield();
            if (Fault is { } fault) throw fault;
            // A name that is null fails when the size is taken, or, where that is not asked for, when it is written.
            return new ListGroupsResponse { Groups = { new() { GroupId = isBad ? null! : "g" } } };
        }
    }
}
