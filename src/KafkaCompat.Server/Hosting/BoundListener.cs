using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Server.Hosting;

/// <summary>One entry of <c>listeners</c> with the sockets that serve it, one or (for localhost) two.</summary>
internal sealed class BoundListener : IAsyncDisposable
{
    private readonly List<IConnectionListener> _sockets;

    private BoundListener(ListenerEndpoint endpoint, List<IConnectionListener> sockets)
    {
        Endpoint = endpoint;
        _sockets = sockets;
    }

    /// <summary>The entry, with the port that the system chose where 0 was written.</summary>
    public ListenerEndpoint Endpoint { get; }

    public IReadOnlyList<IConnectionListener> Sockets => _sockets;

    public static async Task<BoundListener> Bind(ListenerEndpoint listener, IConnectionListenerFactory transport)
    {
        var sockets = new List<IConnectionListener>();
        var port = listener.Port;
        foreach (var address in ListenerAddresses.Of(listener))
        {
            try
            {
                var socket = await transport.BindAsync(new IPEndPoint(address, port)).ConfigureAwait(false);
                sockets.Add(socket);
                port = ((IPEndPoint)socket.EndPoint).Port;
            }
            catch (SocketException e) when (sockets.Count > 0 && e.SocketErrorCode is (SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported))
            {
                // A machine without ::1 is still reached on 127.0.0.1.
            }
            catch (SocketException e)
            {
                foreach (var socket in sockets)
                {
                    await socket.DisposeAsync().ConfigureAwait(false);
                }

                throw new ConfigurationException(e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"Port {port} is in use: listener {listener} cannot be bound to {address}.",
                    SocketError.AccessDenied => $"Port {port} may not be used by this user: listener {listener}.",
                    SocketError.AddressNotAvailable => $"Listener {listener}: {address} is no address of this machine.",
                    _ => $"Listener {listener} cannot be bound to {address}: {e.Message}",
                });
            }
        }

        return new BoundListener(listener with { Port = port }, sockets);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets)
        {
            await socket.DisposeAsync().ConfigureAwait(false);
        }
    }
}
