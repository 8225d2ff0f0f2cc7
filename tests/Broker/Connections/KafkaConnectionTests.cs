using System.IO.Pipelines;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests.Connections;

public sealed class KafkaConnectionTests : ConnectionTests
{
    private readonly ParkedHandler _handler = new();

    private protected override IEnumerable<ServedApi> Served => [new ServedApi<ListGroupsRequest, ListGroupsResponse>(0, 5, _handler)];

    [Fact]
    public async Task A_bad_frame_closes_the_connection_after_earlier_answers()
    {
        var client = Connect();
        _ = await client.Post(new ListGroupsRequest(), 4);
        await client.Send(new byte[] { 0, 0, 0, 2, 0, 0 });
        await Eventually.Is(() => _handler.Parked.Count == 1);
        Assert.False(client.Served.IsCompleted);
        _handler.Answer(0);
        Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
        await client.Served;
    }

    /// <summary>As Apache Kafka 4.4 does: what is too short for a header closes the connection, without an answer and behind those before it.</summary>
    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8), InlineData(9)]
    public async Task A_frame_that_is_too_short_for_a_header_closes_the_connection(int length)
    {
        var listGroups = MemoryClient.Frame(new ListGroupsRequest(), 2, 5);
        byte[] tooShort = [0, 0, 0, (byte)length, .. listGroups.AsSpan(4, length)];
        foreach (var isSplit in new[] { false, true })
        {
            var log = new RecordedLines(LogLevel.Warning);
            var before = _handler.Parked.Count;
            var client = Connect(log: log);
            byte[] bytes = [.. listGroups, .. tooShort, .. listGroups];
            // In one piece, or with the length first and what would be a key behind it.
            if (isSplit) await client.Send(bytes.AsMemory(0, listGroups.Length + 4));
            await client.Send(isSplit ? bytes.AsMemory(listGroups.Length + 4) : bytes);
            await Eventually.Is(() => _handler.Parked.Count == before + 1);
            _handler.Answer(before);
            Assert.NotNull(await client.Receive());
            Assert.Null(await client.Receive());
            await client.Served;
            Assert.Equal(before + 1, _handler.Parked.Count);
            _ = Assert.Single(log.Lines);
        }
    }

    [Fact]
    public async Task The_end_of_the_stream_lets_pending_requests_be_answered()
    {
        var client = Connect();
        _ = await client.Post(new ListGroupsRequest(), 4);
        client.CloseSending();
        await Eventually.Is(() => _handler.Parked.Count == 1);
        _handler.Answer(0);
        Assert.NotNull(await client.Receive());
        Assert.Null(await client.Receive());
    }

    [Fact]
    public async Task A_handler_that_fails_closes_its_connection()
    {
        var client = Connect();
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Parked.Count == 1);
        _handler.Parked[0].SetException(new InvalidDataException("planned"));
        Assert.Null(await client.Receive());
        await client.Served;
    }

    [Fact]
    public async Task An_idle_connection_is_closed_and_a_busy_one_is_not()
    {
        var client = Connect(new ConnectionLimits(1 << 20, 10_000));
        Time.Advance(TimeSpan.FromSeconds(9));
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Parked.Count == 1);
        _handler.Answer(0);
        Assert.NotNull(await client.Receive());
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(client.Served.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await client.Receive());
        await client.Served;
    }

    [Fact]
    public async Task Memory_of_the_pipe_is_given_back_only_when_the_thread_that_writes_an_answer_is_done()
    {
        var connection = new MemoryConnection();
        using var output = new HeldWriter(connection.Transport.Output);
        connection.Transport = new HeldTransport(connection.Transport.Input, output);
        var client = Connect(connection: connection);
        _ = await client.Post(new ListGroupsRequest(), 4);
        await Eventually.Is(() => _handler.Parked.Count == 1);
        _handler.Answer(0);
        await Eventually.Is(() => output.IsWriting);

        connection.Client.Output.Complete(new IOException("reset by the peer"));
        await Eventually.Is(() => connection.IsAborted);
        Assert.False(output.IsCompleted);

        output.LetGo();
        await client.Served;
        Assert.True(output.IsCompleted);
    }

    private sealed record HeldTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Holds the thread that writes until the test lets it go, as a thread is held that the system takes the processor from.</summary>
    private sealed class HeldWriter(PipeWriter inner) : PipeWriter, IDisposable
    {
        private readonly ManualResetEventSlim _go = new();

        public bool IsWriting { get; private set; }

        public bool IsCompleted { get; private set; }

        public void LetGo() => _go.Set();

        public void Dispose() => _go.Dispose();

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            IsWriting = true;
            _go.Wait();
            return inner.GetMemory(sizeHint);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void Complete(Exception? exception = null)
        {
            IsCompleted = true;
            inner.Complete(exception);
        }
    }

    /// <summary>Answers when the test says so.</summary>
    private sealed class ParkedHandler : IHandler<ListGroupsRequest, ListGroupsResponse>
    {
        private readonly List<TaskCompletionSource<ListGroupsResponse?>> _parked = [];

        public IReadOnlyList<TaskCompletionSource<ListGroupsResponse?>> Parked
        {
            get { lock (_parked) return [.. _parked]; }
        }

        public void Answer(int place) => Parked[place].SetResult(new ListGroupsResponse());

        public ValueTask<ListGroupsResponse?> Handle(ListGroupsRequest request, RequestContext context)
        {
            var parked = new TaskCompletionSource<ListGroupsResponse?>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_parked) _parked.Add(parked);
            return new ValueTask<ListGroupsResponse?>(parked.Task);
        }
    }
}
