using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Server.Transport;
using Microsoft.AspNetCore.Connections;

namespace KafkaCompat.Server.Listeners;

/// <summary>One entry of <c>listeners</c> with the sockets that serve it, one or (for localhost) two.</summary>
internal sealed class BoundListener : IAsyncDisposable
{
    /// <summary>Ports that the system chooses for a listener of port 0: one that is free at its first address may be taken at its second.</summary>
    public const int MaxPortsTried = 16;

    private const string Setting = ConfigKeys.Listeners;

    private readonly List<IConnectionListener> _sockets;

    private BoundListener(ListenerEndpoint endpoint, List<IConnectionListener> sockets)
    {
        Endpoint = endpoint;
        _sockets = sockets;
    }

    /// <summary>The entry, with the port that the system chose where 0 was written.</summary>
    public ListenerEndpoint Endpoint { get; }

    public IReadOnlyList<IConnectionListener> Sockets => _sockets;

    /// <exception cref="ConfigurationException">An address is not this machine's, or somebody has the port; it names the
    /// <paramref name="setting"/>.</exception>
    public static async Task<BoundListener> Bind(ListenerEndpoint listener, IConnectionListenerFactory transport, string setting = Setting)
    {
        var addresses = ListenerAddresses.Of(listener, setting);
        for (var tries = 1; ; tries++)
        {
            if (await Bind(listener, addresses, transport, setting, isLast: tries == MaxPortsTried).ConfigureAwait(false) is { } bound)
            {
                return bound;
            }
        }
    }

    public async ValueTask DisposeAsync() => await Close(_sockets).ConfigureAwait(false);

    /// <summary>
    /// Why a listener cannot be bound now, and whether all there is to it is that somebody has its port; null where nothing is in the way. Each address is
    /// bound for as long as it takes to see it, and nobody can connect meanwhile.
    /// </summary>
    public static (SettingProblem Problem, bool IsInUse)? WhyNot(ListenerEndpoint listener, string setting = Setting)
    {
        try
        {
            var addresses = ListenerAddresses.Of(listener, setting);
            for (var i = 0; i < addresses.Count; i++)
            {
                try
                {
                    SocketTransport.Bound(new IPEndPoint(addresses[i], listener.Port), sharesPorts: false).Dispose();
                }
                catch (SocketException e) when (i > 0 && IsDoneWithout(e))
                {
                    // As a start does.
                }
                catch (SocketException e)
                {
                    return (new SettingProblem(Explain(listener, addresses[i], listener.Port, e), [setting]),
                        e.SocketErrorCode == SocketError.AddressAlreadyInUse);
                }
            }

            return null;
        }
        catch (ConfigurationException e)
        {
            return (e.Problems[0], false);
        }
    }

    /// <summary>Null where the system chose a port at the first address that somebody has at another one, and it may choose again.</summary>
    private static async Task<BoundListener?> Bind(ListenerEndpoint listener, IReadOnlyList<IPAddress> addresses, IConnectionListenerFactory transport,
        string setting, bool isLast)
    {
        var sockets = new List<IConnectionListener>();
        var port = listener.Port;
        foreach (var address in addresses)
        {
            try
            {
                var socket = await transport.BindAsync(new IPEndPoint(address, port)).ConfigureAwait(false);
                sockets.Add(socket);
                port = ((IPEndPoint)socket.EndPoint).Port;
            }
            catch (SocketException e) when (sockets.Count > 0 && IsDoneWithout(e))
            {
                // A machine without ::1 is still reached on 127.0.0.1.
            }
            catch (SocketException e)
            {
                await Close(sockets).ConfigureAwait(false);
                if (e.SocketErrorCode == SocketError.AddressAlreadyInUse && listener.Port == 0 && sockets.Count > 0 && !isLast)
                {
                    return null;
                }

                throw new ConfigurationException([new SettingProblem(Explain(listener, address, port, e), [setting])]);
            }
        }

        return new BoundListener(listener with { Port = port }, sockets);
    }

    private static bool IsDoneWithout(SocketException failure) =>
        failure.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;

    private static string Explain(ListenerEndpoint listener, IPAddress address, int port, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"Port {port} is in use: listener {listener} cannot be bound to {address}.",
        SocketError.AccessDenied => $"Port {port} may not be used by this user: listener {listener}.",
        SocketError.AddressNotAvailable =>
            $"Listener {listener}: this machine does not have the address {address}. Name one of its own, or no host for all of them.",
        _ => $"Listener {listener} cannot be bound to {address}: {failure.Message}",
    };

    private static async Task Close(List<IConnectionListener> sockets)
    {
        foreach (var socket in sockets)
        {
            await socket.DisposeAsync().ConfigureAwait(false);
        }
    }
}
