using System.IO.Pipelines;
using System.Net;
using KafkaCompat.Broker.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace KafkaCompat.Broker.Tests.Connections;

/// <summary>A connection without a socket: the client's end is a pair of pipes that a test reads and writes.</summary>
internal sealed class MemoryConnection : ConnectionContext, IMeasuredTransport
{
    private readonly CancellationTokenSource _closed = new();

    /// <param name="windowBytes">What either end may have sent and the other not read; 0 for any amount.</param>
    public MemoryConnection(int windowBytes = 0)
    {
        var options = new PipeOptions(useSynchronizationContext: false, pauseWriterThreshold: windowBytes, resumeWriterThreshold: Math.Max(windowBytes / 2, 1));
        var toServer = new Pipe(options);
        var toClient = new Pipe(options);
        Transport = new DuplexPipe(new TransportReader(toServer.Reader), toClient.Writer);
        Client = new DuplexPipe(toClient.Reader, toServer.Writer);
        ConnectionClosed = _closed.Token;
        RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 50_000);
    }

    /// <summary>The client's end.</summary>
    public IDuplexPipe Client { get; }

    public override string ConnectionId { get; set; } = "memory";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    /// <summary>What goes over the wire below the pipes: a test notes it.</summary>
    public ConnectionActivity? Activity { get; private set; }

    public void Note(ConnectionActivity activity) => Activity = activity;

    /// <inheritdoc/>
    public long? UntakenBytes { get; set; }

    /// <summary>Whether the server has torn the connection down.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>The client is gone, as a reset tells.</summary>
    public void Lose()
    {
        Client.Output.Complete(new IOException("reset by the peer"));
        _closed.Cancel();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        IsAborted = true;
        // As a socket that is closed ends the send that is under way.
        Client.Input.Complete(new IOException("aborted"));
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
