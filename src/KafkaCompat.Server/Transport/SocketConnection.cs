using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using KafkaCompat.Broker.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace KafkaCompat.Server.Transport;

/// <summary>One accepted socket as the <see cref="ConnectionContext"/> that the broker's connection plays on.</summary>
internal sealed class SocketConnection : ConnectionContext, IDuplexPipe, IMeasuredTransport
{
    private readonly Socket _socket;
    private readonly SocketPipeReader _reader;
    private readonly SocketPipeWriter _writer;
    private readonly CancellationTokenSource _closed = new();
    private readonly ConcurrentDictionary<SocketConnection, byte> _open;
    private IDictionary<object, object?>? _items;
    private int _closing;
    private int _disposed;

    public SocketConnection(Socket socket, string connectionId, BlockPool pool, ConcurrentDictionary<SocketConnection, byte> open)
    {
        _socket = socket;
        _open = open;
        ConnectionId = connectionId;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        _reader = new SocketPipeReader(socket, pool, OnReaderEnded);
        _writer = new SocketPipeWriter(socket, pool, OnWriterFailed);
        Transport = this;
        open.TryAdd(this, 0);
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new Dictionary<object, object?>();
        set => _items = value;
    }

    public override IDuplexPipe Transport { get; set; }

    public PipeReader Input => _reader;

    public PipeWriter Output => _writer;

    /// <summary>Closes the connection now, whatever is under way on it.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (Volatile.Read(ref _disposed) == 0)
        {
            // Linger 0 resets the connection, as the remote end of an aborted connection should see.
            try
            {
                _socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        }

        _socket.Dispose();
        AnnounceClosed();
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Close();
        }

        return base.DisposeAsync();
    }

    private void Close()
    {
        _open.TryRemove(this, out _);
        try
        {
            // An orderly end: the remote end reads what was sent, then end of stream.
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }

        _socket.Dispose();
        _reader.Complete();
        _writer.Complete();
        AnnounceClosed();
    }

    /// <inheritdoc/>
    public void Note(ConnectionActivity activity) => _reader.Activity = _writer.Activity = activity;

    /// <inheritdoc/>
    public long? UntakenBytes => SendQueue.BytesOf(_socket);

    /// <summary>Takes memory back from a connection that has been quiet since the last sweep.</summary>
    public void Sweep() => _reader.Sweep();

    /// <summary>A remote end that ended its half may still wait for answers; only an error says that nobody is there any more.</summary>
    private void OnReaderEnded(Exception? error)
    {
        if (error is not null)
        {
            AnnounceClosed();
        }
    }

    private void OnWriterFailed(Exception? error) => AnnounceClosed();

    private void AnnounceClosed()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            // On the pool: callbacks of the token must not run inside the pipe's gate.
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        }
    }
}
