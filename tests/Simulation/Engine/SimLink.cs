using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace KafkaCompat.Simulation.Engine;

/// <summary>
/// A connection over a network that takes its time: bytes come in their order, in pieces as it pleases, and after a while. The node has one end, as its
/// listener would give it; the other end sends bytes, and is told of those that come and of the end.
/// </summary>
internal sealed class SimLink : ConnectionContext
{
    /// <summary>How long a piece is under way at most.</summary>
    private const long MaxDelayTicks = 2 * TimeSpan.TicksPerMillisecond;

    private readonly CancellationTokenSource _closed = new();
    private readonly SimNetwork _network;
    private readonly SimContext _node;
    private readonly SimContext _client;
    private readonly Action<ReadOnlyMemory<byte>?> _onBytes;
    private readonly PipeWriter _toNode;
    private readonly PipeReader _fromNode;
    private readonly Queue<ReadOnlyMemory<byte>> _underWayToNode = new();
    private readonly Queue<ReadOnlyMemory<byte>?> _underWayToClient = new();
    private long _lastToNode;
    private long _lastToClient;
    private bool _isCut;
    private bool _hasEnded;

    /// <param name="network">What it runs over.</param>
    /// <param name="node">The life of the node that it leads to.</param>
    /// <param name="client">Whose other end it is.</param>
    /// <param name="onBytes">Is told, in the client's context, of bytes that came, and with null of the end.</param>
    public SimLink(SimNetwork network, SimContext node, SimContext client, Action<ReadOnlyMemory<byte>?> onBytes)
    {
        (_network, _node, _client, _onBytes) = (network, node, client, onBytes);
        Number = network.NextNumber();
        ConnectionId = Number.ToString(CultureInfo.InvariantCulture);
        var toNode = new Pipe(new PipeOptions(
            readerScheduler: node.Pipes, writerScheduler: network.Context.Pipes, pauseWriterThreshold: 0, useSynchronizationContext: false));
        var toClient = new Pipe(new PipeOptions(readerScheduler: network.Context.Pipes, writerScheduler: node.Pipes, useSynchronizationContext: false));
        (_toNode, _fromNode) = (toNode.Writer, toClient.Reader);
        Transport = new Ends(new WholePipeReader(toNode.Reader), toClient.Writer);
        ConnectionClosed = _closed.Token;
        RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 50_000);
        network.Context.Post(_ => _ = Pump(), null);
    }

    public int Number { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>Sends bytes to the node.</summary>
    public void Send(byte[] frame)
    {
        _network.Trace.Add($"frame > {Number}");
        _network.Trace.Add(frame);
        var cut = _network.Random.Next(4) == 0 ? _network.Random.Next(frame.Length) : frame.Length;
        foreach (var piece in (ReadOnlyMemory<byte>[])[frame.AsMemory(0, cut), frame.AsMemory(cut)])
        {
            if (piece.Length > 0)
            {
                _underWayToNode.Enqueue(piece);
                _lastToNode = _network.Later(_lastToNode, MaxDelayTicks, _network.Context, Arrive);
            }
        }
    }

    /// <summary>The client is gone, as a reset tells.</summary>
    public void Lose()
    {
        _hasEnded = true;
        _ = _network.Later(_lastToNode, MaxDelayTicks, _network.Context, () =>
        {
            _toNode.Complete(new ConnectionResetException("reset by the peer"));
            _node.Post(_ => _closed.Cancel(), null);
        });
    }

    /// <summary>The node is gone, as a process that was killed, or the cable.</summary>
    public void Cut()
    {
        _isCut = true;
        End();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _isCut = true;
        _fromNode.CancelPendingRead();
        End();
    }

    /// <summary>The next piece comes, whichever of them it was whose time has come: none overtakes another.</summary>
    private void Arrive()
    {
        var piece = _underWayToNode.Dequeue();
        if (!_isCut && !_hasEnded)
        {
            // Nobody holds the writer up: what the node has not read lies in the pipe.
            _toNode.Write(piece.Span);
            _ = _toNode.FlushAsync().AsTask();
        }
    }

    /// <summary>Brings what the node sends to the client.</summary>
    private async Task Pump()
    {
        while (true)
        {
            var result = await _fromNode.ReadAsync();
            if (_isCut)
            {
                await _fromNode.CompleteAsync(new IOException("aborted"));
                return;
            }

            if (!result.Buffer.IsEmpty)
            {
                var bytes = result.Buffer.ToArray();
                _network.Trace.Add($"frame < {Number}");
                _network.Trace.Add(bytes);
                TellLater(bytes);
            }

            _fromNode.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                await _fromNode.CompleteAsync();
                End();
                return;
            }
        }
    }

    private void End() => TellLater(null);

    private void TellLater(ReadOnlyMemory<byte>? bytes)
    {
        _underWayToClient.Enqueue(bytes);
        _lastToClient = _network.Later(_lastToClient, MaxDelayTicks, _client, Tell);
    }

    private void Tell()
    {
        var bytes = _underWayToClient.Dequeue();
        if (!_hasEnded)
        {
            _hasEnded = bytes is null;
            _onBytes(bytes);
        }
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
