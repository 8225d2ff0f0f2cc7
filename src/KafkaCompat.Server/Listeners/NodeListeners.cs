using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Surroundings;
using KafkaCompat.Server.Transport;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Listeners;

/// <summary>
/// The listeners of a node, from their ports to their last connection. Bound → accepting → stopped → aborted: ports are taken before the node opens its
/// directories, connections are accepted once it is ready, and no more are before it ends.
/// </summary>
internal sealed class NodeListeners(SocketTransport transport, ILogger logger) : IDisposable
{
    private readonly List<BoundListener> _bound = [];
    private readonly List<ConnectionAcceptor> _acceptors = [];
    private readonly List<Task> _accepting = [];

    public SocketTransport Transport => transport;

    /// <summary>What accepts on each socket: it ends, or fails, when that accepts no more.</summary>
    public IReadOnlyList<Task> Accepting => _accepting;

    /// <summary>Binds every listener of a configuration; returns the configuration with the ports that were bound.</summary>
    public async Task<ServerConfig> Bind(ServerConfig config)
    {
        foreach (var endpoint in config.Listeners.All)
        {
            _bound.Add(await BoundListener.Bind(endpoint, transport).ConfigureAwait(false));
        }

        return config.WithBoundPorts(_bound.ToDictionary(static listener => listener.Endpoint.Name, static listener => listener.Endpoint.Port));
    }

    /// <summary>Accepts connections for a node that is ready.</summary>
    public void Accept(ServerConfig config, BrokerNode node)
    {
        // As in Kafka, the limits of connections count for a broker's listeners and for a controller's each by themselves.
        foreach (var group in _bound.GroupBy(listener => config.Listeners.ControllerNames.Contains(listener.Endpoint.Name)))
        {
            var acceptor = ConnectionAcceptor.Create([.. group.Select(static listener => listener.Endpoint.Name)], node, logger);
            _acceptors.Add(acceptor);
            foreach (var listener in group)
            {
                foreach (var socket in listener.Sockets)
                {
                    HostLogMessages.Bound(logger, listener.Endpoint.Name, socket.EndPoint);
                    _accepting.Add(acceptor.Accept(listener, socket));
                }
            }
        }
    }

    /// <summary>Accepts no more; the connections that there are go on.</summary>
    public async Task Stop()
    {
        foreach (var listener in _bound)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var acceptor in _acceptors)
        {
            acceptor.Close();
        }

        // A listener's task fails when the listener does.
        await Task.WhenAny(Task.WhenAll(_accepting)).ConfigureAwait(false);
    }

    /// <summary>Resets the connections that are left.</summary>
    public void Abort() => transport.AbortConnections();

    public void Dispose() => transport.Dispose();
}
