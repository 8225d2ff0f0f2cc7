using KafkaCompat.Broker;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Transport;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Hosting;

/// <summary>
/// A node with its sockets: the composition of transport, disk, clock and randomness around <see cref="BrokerNode"/>. Ports are bound before the node
/// opens its directories, so that a second start on the same port changes nothing; connections are accepted once the node is ready.
/// </summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private readonly SocketTransport _transport;
    private readonly List<BoundListener> _listeners;
    private readonly BrokerNode _node;

    private RunningNode(ServerConfig config, SocketTransport transport, List<BoundListener> listeners, BrokerNode node)
    {
        Config = config;
        _transport = transport;
        _listeners = listeners;
        _node = node;
    }

    /// <summary>The configuration with the ports that were bound.</summary>
    public ServerConfig Config { get; }

    public SocketTransport Transport => _transport;

    public static async Task<RunningNode> Start(ServerConfig config, ILoggerFactory logs)
    {
        var logger = logs.CreateLogger("kafkacompat");
        var transport = new SocketTransport(TransportOptions(config), TimeProvider.System);
        var listeners = new List<BoundListener>();
        try
        {
            foreach (var endpoint in config.Listeners.All)
            {
                listeners.Add(await BoundListener.Bind(endpoint, transport).ConfigureAwait(false));
            }

            config = config.WithBoundPorts(listeners.ToDictionary(static listener => listener.Endpoint.Name, static listener => listener.Endpoint.Port));
            var node = await BrokerNode.StartAsync(config, new DiskFileStore(), TimeProvider.System, Random.Shared, logs).ConfigureAwait(false);
            var acceptor = new ConnectionAcceptor(config, (connection, endpoint) => node.Serve(connection, endpoint.Name), logger);
            foreach (var listener in listeners)
            {
                foreach (var socket in listener.Sockets)
                {
                    HostLog.Bound(logger, listener.Endpoint.Name, socket.EndPoint);
                    _ = acceptor.Accept(listener, socket);
                }
            }

            return new RunningNode(config, transport, listeners, node);
        }
        catch
        {
            await Close(listeners, transport).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Fails when a part that the node cannot do without has failed.</summary>
    public Task Completion => _node.Completion;

    /// <summary>Stops accepting and closes connections, so that nothing is acknowledged any more, then ends the node in order.</summary>
    public async ValueTask DisposeAsync()
    {
        await Close(_listeners, _transport).ConfigureAwait(false);
        await _node.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task Close(List<BoundListener> listeners, SocketTransport transport)
    {
        foreach (var listener in listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        transport.AbortConnections();
        transport.Dispose();
    }

    private static SocketTransportOptions TransportOptions(ServerConfig config) => new()
    {
        Backlog = config.GetInt("socket.listen.backlog.size"),

        // Kafka's default of 100 KiB would switch the system's own adaption off; only what a user wrote is passed on.
        SendBufferBytes = config.IsSet("socket.send.buffer.bytes") ? config.GetInt("socket.send.buffer.bytes") : 0,
        ReceiveBufferBytes = config.IsSet("socket.receive.buffer.bytes") ? config.GetInt("socket.receive.buffer.bytes") : 0,
    };
}
