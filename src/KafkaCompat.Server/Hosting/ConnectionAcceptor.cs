using System.Collections.Concurrent;
using System.Net;
using KafkaCompat.Broker.Configs;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// Stop 1 of every request's path: accepts connections of all listeners and hands each to <paramref name="serve"/>. Connections past
/// <c>max.connections</c> and <c>max.connections.per.ip</c> are closed at once.
/// </summary>
internal sealed class ConnectionAcceptor(ServerConfig config, Func<ConnectionContext, ListenerEndpoint, Task> serve, ILogger logger)
{
    private readonly int _most = config.GetInt("max.connections");
    private readonly int _mostPerAddress = config.GetInt("max.connections.per.ip");
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private int _connections;

    /// <summary>Accepts on one socket until it is unbound.</summary>
    public async Task Accept(BoundListener listener, IConnectionListener socket)
    {
        while (await socket.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            // The connection begins on a pool thread, so that its first request does not hold up the next accept; after its first
            // wait it lives on the socket's thread.
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Acceptor.Serve(state.Connection, state.Endpoint), (Acceptor: this, Connection: connection, listener.Endpoint), preferLocal: false);
        }
    }

    private async Task Serve(ConnectionContext connection, ListenerEndpoint endpoint)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var (total, ofAddress) = (Interlocked.Increment(ref _connections), _perAddress.AddOrUpdate(address, 1, static (_, count) => count + 1));
        try
        {
            if (total <= _most && ofAddress <= _mostPerAddress)
            {
                await serve(connection, endpoint).ConfigureAwait(false);
            }
            else
            {
                HostLog.ConnectionRefused(logger, endpoint.Name, address, total, ofAddress);
            }
        }
        catch (Exception e)
        {
            HostLog.ConnectionFailed(logger, e, endpoint.Name, address);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            if (_perAddress.AddOrUpdate(address, 0, static (_, count) => count - 1) == 0)
            {
                // Only a zero is removed: another connection of the address may have come meanwhile.
                ((ICollection<KeyValuePair<IPAddress, int>>)_perAddress).Remove(new(address, 0));
            }

            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
