using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Server.Transport;

/// <summary>A listening socket. It accepts until it is unbound; its connections live on.</summary>
internal sealed class SocketConnectionListener : IConnectionListener
{
    private static readonly Action<EndPoint> Nobody = static _ => { };

    private readonly Socket _listening;
    private readonly SocketTransportOptions _options;
    private readonly BlockPool _pool;
    private readonly ConcurrentDictionary<SocketConnection, byte> _open;
    private long _accepted;

    public SocketConnectionListener(
        Socket listening, SocketTransportOptions options, BlockPool pool, ConcurrentDictionary<SocketConnection, byte> open)
    {
        _listening = listening;
        _options = options;
        _pool = pool;
        _open = open;
        EndPoint = listening.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var socket = await _listening.AcceptAsync(cancellationToken).ConfigureAwait(false);
                if (WhoHearsOfRefusal(socket) is { } hears)
                {
                    socket.Dispose();
                    hears(EndPoint);
                    continue;
                }

                try
                {
                    return Connect(socket);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.NotSocket or SocketError.Interrupted)
            {
                return null;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // Out of file descriptors: the remote end waits in the backlog. Without a pause this loop would spin.
                await Task.Delay(_options.AcceptPauseMs, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // The remote end went away between its connect and our accept.
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _listening.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>Null where the connection is served.</summary>
    private Action<EndPoint>? WhoHearsOfRefusal(Socket socket) =>
        socket.Handle >= _options.FirstReservedDescriptor && (_options.SpareConnections == 0 || _open.Count >= _options.SpareConnections)
            ? _options.Refused ?? Nobody
        : _options.MaxConnections < int.MaxValue && _open.Count >= _options.MaxConnections ? _options.Full ?? Nobody
        : null;

    private SocketConnection Connect(Socket socket)
    {
        SocketTransport.Prepare(socket, _options);
        var number = Interlocked.Increment(ref _accepted).ToString(CultureInfo.InvariantCulture);
        return new SocketConnection(socket, $"{EndPoint}-{socket.RemoteEndPoint}-{number}", _pool, _open);
    }
}
