using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Surroundings;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Listeners;

/// <summary>
/// Stop 1 of every request's path: accepts connections of listeners that share their limits, those of brokers or those of controllers, and hands each to
/// <paramref name="serve"/> when the <see cref="ConnectionQuota"/> lets it in.
/// </summary>
internal sealed class ConnectionAcceptor(
    ConnectionQuota quota, OpenConnections open, Func<ConnectionContext, ListenerEndpoint, Task> serve, ILogger logger)
{
    /// <summary>Connections past their address's quota that are kept open for a while; what comes past it is closed at once.</summary>
    private const int MaxHeldConnections = 1_000;

    private int _held;

    /// <summary>An acceptor of some of a node's listeners, whose limits follow the node's settings.</summary>
    public static ConnectionAcceptor Create(IReadOnlyCollection<string> listeners, BrokerService broker, ILogger logger)
    {
        var quota = new ConnectionQuota(listeners, broker.Settings.Configured, host => AddressOf(host, logger), TimeProvider.System);
        var acceptor = new ConnectionAcceptor(quota, broker.Connections, (connection, endpoint) => broker.Serve(connection, endpoint.Name), logger);

        // In this order, so that a change in between is not missed.
        broker.Settings.Changed += acceptor.Apply;
        acceptor.Apply(broker.Settings.Of(broker.Metadata.Current));
        broker.Quotas.AddressesChanged += quota.Apply;
        quota.Apply(broker.Quotas.Addresses);
        return acceptor;
    }

    /// <summary>Accepts on one socket until it is unbound.</summary>
    public async Task Accept(BoundListener listener, IConnectionListener socket)
    {
        var name = listener.Endpoint.Name;
        while (await socket.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
            if (quota.IsFull(name))
            {
                HostLog.ListenerIsFull(logger, name, quota.Count);
            }

            var entry = await quota.EnterAsync(name, address).ConfigureAwait(false);
            if (entry.Admission == ConnectionAdmission.AddressIsThrottled && Volatile.Read(ref _held) < MaxHeldConnections)
            {
                HostLog.AddressIsThrottled(logger, name, address, entry.HoldMs);
                _ = Hold(connection, entry.HoldMs);
                continue;
            }

            if (entry.Admission != ConnectionAdmission.Admitted)
            {
                if (entry.Admission == ConnectionAdmission.AddressIsFull)
                {
                    HostLog.AddressIsFull(logger, name, address);
                }

                await connection.DisposeAsync().ConfigureAwait(false);
                continue;
            }

            // The connection begins on a pool thread, so that its first request does not hold up the next accept; after its first
            // wait it lives on the socket's thread.
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Acceptor.Serve(state.Connection, state.Endpoint, state.Address),
                (Acceptor: this, Connection: connection, listener.Endpoint, Address: address), preferLocal: false);
            open.CloseQuietest(quota.Surplus, quota.MayClose);
        }
    }

    /// <summary>Turns away who waits; the sockets are unbound.</summary>
    public void Close() => quota.Close();

    private void Apply(ServerConfig config)
    {
        quota.Apply(config);
        open.CloseQuietest(quota.Surplus, quota.MayClose);
    }

    /// <summary>Keeps a connection open without serving it, then closes it.</summary>
    private async Task Hold(ConnectionContext connection, long holdMs)
    {
        Interlocked.Increment(ref _held);
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(holdMs), TimeProvider.System, connection.ConnectionClosed)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref _held);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task Serve(ConnectionContext connection, ListenerEndpoint endpoint, IPAddress address)
    {
        try
        {
            await serve(connection, endpoint).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            HostLog.ConnectionFailed(logger, e, endpoint.Name, address);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            quota.Leave(endpoint.Name, address);
        }
    }

    private static IPAddress? AddressOf(string host, ILogger logger)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(host)[0];
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            HostLog.NoSuchHost(logger, host);
            return null;
        }
    }
}
