using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Threading.Channels;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Broker.Peers;

/// <summary>
/// One open connection to a peer: requests leave in the order in which they come, and answers are given to them in that order. The first fault of any kind
/// ends it, for all that wait.
/// </summary>
internal sealed class PeerSession : IAsyncDisposable
{
    /// <summary>Requests that were sent and have no answer. The next one waits, and those behind it after it.</summary>
    public const int MaxInFlight = 64;

    /// <summary>Bytes of an answer. A larger one ends the connection.</summary>
    public const int MaxAnswerBytes = 104_857_600;

    private readonly ConnectionContext _connection;
    private readonly PeerAddress _address;
    private readonly string _clientId;
    private readonly SemaphoreSlim _places = new(MaxInFlight);
    private readonly Channel<Exchange> _outgoing = Channel.CreateUnbounded<Exchange>(new UnboundedChannelOptions { SingleReader = false });
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Queue<Exchange> _sent = new();
    private readonly Task _sending;
    private readonly Task _receiving;
    private int _lastCorrelationId;
    private PeerException? _fault;

    public PeerSession(ConnectionContext connection, PeerAddress address, string clientId)
    {
        _connection = connection;
        _address = address;
        _clientId = clientId;
        _sending = Send();
        _receiving = Receive();
    }

    /// <summary>Done when no request will have an answer any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What the peer serves; set once it has said so.</summary>
    public PeerVersions? Versions { get; set; }

    /// <summary>The answer's body, which is the caller's own. Throws <see cref="PeerException"/>.</summary>
    public async Task<ReadOnlyMemory<byte>> Ask(IRequest request, short version)
    {
        var exchange = new Exchange(request, version);
        return _outgoing.Writer.TryWrite(exchange) ? await exchange.Answer.Task : throw Unsent(_fault!);
    }

    /// <summary>Ends the connection; what waits fails so.</summary>
    public void End(PeerFault fault, string message, Exception? cause = null)
    {
        List<Exchange> sent;
        lock (_gate)
        {
            if (_fault is not null)
            {
                return;
            }

            _fault = new PeerException(fault, mayHaveArrived: true, message, cause);
            sent = [.. _sent];
            _sent.Clear();
        }

        _ = _outgoing.Writer.TryComplete();
        sent.ForEach(exchange => exchange.Answer.TrySetException(_fault));
        while (_outgoing.Reader.TryRead(out var unsent))
        {
            _ = unsent.Answer.TrySetException(Unsent(_fault));
        }

        // Whoever sends may hold one more, and wait for a place.
        _ = _places.Release();
        _connection.Abort(new ConnectionAbortedException(message));
        _connection.Transport.Input.CancelPendingRead();
        _connection.Transport.Output.CancelPendingFlush();
        _ = _ended.TrySetResult();
    }

    /// <summary>Closes the connection, and waits for what works on it.</summary>
    public async ValueTask DisposeAsync()
    {
        End(PeerFault.Lost, $"The connection to {_address} was closed.");
        await _sending;
        await _receiving;
        await _connection.DisposeAsync();
    }

    private async Task Send()
    {
        var output = _connection.Transport.Output;
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync())
            {
                while (_outgoing.Reader.TryRead(out var exchange))
                {
                    if (!_places.Wait(0))
                    {
                        await Flush(output);
                        await _places.WaitAsync();
                    }

                    Write(output, exchange);
                }

                await Flush(output);
            }
        }
        catch (Exception failure)
        {
            End(PeerFault.Lost, $"The connection to {_address} was lost: {failure.Message}", failure);
        }

        await output.CompleteAsync();
    }

    private async ValueTask Flush(PipeWriter output)
    {
        if ((await output.FlushAsync()).IsCompleted)
        {
            End(PeerFault.Lost, $"The connection to {_address} was closed by it.");
        }
    }

    private void Write(PipeWriter output, Exchange exchange)
    {
        var (request, version) = (exchange.Request, exchange.Version);
        var headerVersion = ApiCatalog.Get(request.Key).RequestHeaderVersion(version);
        var header = new RequestHeader { RequestApiKey = (short)request.Key, RequestApiVersion = version, ClientId = _clientId };
        int size;
        try
        {
            size = header.GetSize(headerVersion) + request.GetSize(version);
        }
        catch (UnsupportedVersionException unfit)
        {
            // Whoever made it has set a field that the version does not know. The connection is as good as before.
            _ = exchange.Answer.TrySetException(unfit);
            _ = _places.Release();
            return;
        }

        lock (_gate)
        {
            if (_fault is not null)
            {
                _ = exchange.Answer.TrySetException(Unsent(_fault));
                return;
            }

            header.CorrelationId = exchange.CorrelationId = ++_lastCorrelationId;
            _sent.Enqueue(exchange);
        }

        var writer = new WireWriter(output);
        writer.WriteInt32(size);
        header.Write(ref writer, headerVersion);
        request.Write(ref writer, version);
        writer.Flush();
    }

    /// <summary>The end of the connection as a request hears of it that never left.</summary>
    private static PeerException Unsent(PeerException fault) => new(fault.Fault, mayHaveArrived: false, fault.Message, fault.InnerException);

    private async Task Receive()
    {
        var input = _connection.Transport.Input;
        try
        {
            while (true)
            {
                var result = await input.ReadAsync();
                var rest = result.Buffer;
                while (TryTakeFrame(ref rest, out var frame))
                {
                    Answer(frame);
                }

                input.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted || result.IsCanceled)
                {
                    End(PeerFault.Lost, $"The connection to {_address} was closed by it.");
                    break;
                }
            }
        }
        catch (WireFormatException malformed)
        {
            End(PeerFault.Malformed, $"{_address} sent what is no answer: {malformed.Message}", malformed);
        }
        catch (Exception failure)
        {
            End(PeerFault.Lost, $"The connection to {_address} was lost: {failure.Message}", failure);
        }

        await input.CompleteAsync();
    }

    /// <summary>Cuts a whole frame off the front, without its length.</summary>
    private static bool TryTakeFrame(ref ReadOnlySequence<byte> buffer, out byte[] frame)
    {
        frame = [];
        if (buffer.Length < sizeof(int))
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(prefix);
        var length = BinaryPrimitives.ReadInt32BigEndian(prefix);
        if (length is < sizeof(int) or > MaxAnswerBytes)
        {
            throw new WireFormatException($"a frame of {length} bytes");
        }

        if (buffer.Length < sizeof(int) + length)
        {
            return false;
        }

        frame = buffer.Slice(sizeof(int), length).ToArray();
        buffer = buffer.Slice(sizeof(int) + length);
        return true;
    }

    private void Answer(byte[] frame)
    {
        var correlationId = BinaryPrimitives.ReadInt32BigEndian(frame);
        Exchange? exchange;
        lock (_gate)
        {
            _ = _sent.TryPeek(out exchange);
        }

        if (exchange is null || exchange.CorrelationId != correlationId)
        {
            var waiting = exchange is null ? "none" : $"request {exchange.CorrelationId}";
            throw new WireFormatException($"an answer to request {correlationId}, while {waiting} waits for one");
        }

        var reader = new WireReader(frame);
        _ = ResponseHeader.Read(ref reader, ApiCatalog.Get(exchange.Request.Key).ResponseHeaderVersion(exchange.Version));
        // A request leaves the queue with its answer: whatever fails before fails it with the others.
        lock (_gate)
        {
            _ = _sent.TryDequeue(out _);
        }

        _ = _places.Release();
        _ = exchange.Answer.TrySetResult(frame.AsMemory(frame.Length - (int)reader.Remaining));
    }

    /// <summary>A request and its answer.</summary>
    private sealed record Exchange(IRequest Request, short Version)
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int CorrelationId { get; set; }
    }
}
