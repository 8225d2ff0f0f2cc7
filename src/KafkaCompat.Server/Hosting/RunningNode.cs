using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Server.Listeners;
using KafkaCompat.Server.Surroundings;
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
    private const string ReceiveBuffer = ConfigKeys.SocketReceiveBufferBytes;

    private readonly SocketTransport _transport;
    private readonly List<BoundListener> _listeners;
    private readonly List<ConnectionAcceptor> _acceptors;
    private readonly Task _accepting;
    private readonly BrokerNode _node;
    private readonly WorkThreads _diskThreads;
    private readonly WorkThreads _batchThreads;
    private readonly ILogger _logger;

    private RunningNode(
        ServerConfig config, SocketTransport transport, List<BoundListener> listeners, List<ConnectionAcceptor> acceptors, List<Task> accepting,
        BrokerNode node, WorkThreads diskThreads, WorkThreads batchThreads, ILogger logger)
    {
        Completion = Task.WhenAny([node.Completion, .. accepting]).Unwrap();
        _accepting = Task.WhenAll(accepting);
        Config = config;
        _transport = transport;
        _listeners = listeners;
        _acceptors = acceptors;
        _logger = logger;
        _node = node;
        _diskThreads = diskThreads;
        _batchThreads = batchThreads;
    }

    /// <summary>The configuration with the ports that were bound.</summary>
    public ServerConfig Config { get; }

    public SocketTransport Transport => _transport;

    public BrokerNode Node => _node;

    /// <summary>As the program starts: on this machine's disk, by its clock.</summary>
    public static Task<RunningNode> Start(ServerConfig config, ILoggerFactory logs, NodeStart? start = null) =>
        Start(config, new DiskFileStore(DescriptorLimit.Shares().Files), TimeProvider.System, logs, NodeSeams.None, start: start);

    /// <summary>On other files and by another clock, within a process that is not this program's own.</summary>
    internal static async Task<RunningNode> Start(ServerConfig config, IFileStore files, TimeProvider time, ILoggerFactory logs, NodeSeams seams,
        bool isGuest = false, NodeStart? start = null)
    {
        var logger = logs.CreateLogger("kafkacompat");
        var options = TransportOptions(config, isGuest) with
        {
            Refused = RefusedConnections.Told((endpoint, count) => HostLog.NoDescriptorForConnection(logger, endpoint, count), TimeProvider.System),
        };
        var transport = new SocketTransport(options, TimeProvider.System);
        var listeners = new List<BoundListener>();
        var diskThreads = new WorkThreads("disk", WorkThreads.MaxDiskThreads);
        var batchThreads = new WorkThreads("batch", WorkThreads.MaxBatchThreads);
        var acceptors = new List<ConnectionAcceptor>();
        var accepting = new List<Task>();
        BrokerNode? node = null;
        try
        {
            foreach (var endpoint in config.Listeners.All)
            {
                listeners.Add(await BoundListener.Bind(endpoint, transport).ConfigureAwait(false));
            }

            config = config.WithBoundPorts(listeners.ToDictionary(static listener => listener.Endpoint.Name, static listener => listener.Endpoint.Port));
            node = await BrokerNode.StartAsync(config, files, time, Random.Shared, logs, diskThreads, batchThreads, seams, start).ConfigureAwait(false);

            // As in Kafka, the limits of connections count for a broker's listeners and for a controller's each by themselves.
            foreach (var group in listeners.GroupBy(listener => config.Listeners.ControllerNames.Contains(listener.Endpoint.Name)))
            {
                var acceptor = ConnectionAcceptor.Create([.. group.Select(static listener => listener.Endpoint.Name)], node.Broker, logger);
                acceptors.Add(acceptor);
                foreach (var listener in group)
                {
                    foreach (var socket in listener.Sockets)
                    {
                        HostLog.Bound(logger, listener.Endpoint.Name, socket.EndPoint);
                        accepting.Add(acceptor.Accept(listener, socket));
                    }
                }
            }

            return new RunningNode(config, transport, listeners, acceptors, accepting, node, diskThreads, batchThreads, logger)
            {
                Disk = files as DiskFileStore,
            };
        }
        catch
        {
            await StopAccepting(listeners, acceptors, Task.WhenAll(accepting)).ConfigureAwait(false);
            transport.AbortConnections();
            transport.Dispose();
            if (node is not null)
            {
                await node.DisposeAsync().ConfigureAwait(false);
            }

            diskThreads.Dispose();
            batchThreads.Dispose();
            throw;
        }
    }

    /// <summary>This machine's disk; null where the files are others.</summary>
    private DiskFileStore? Disk { get; init; }

    /// <summary>Ends or fails when a part has that the node cannot do without, a listener that accepts no more among them.</summary>
    public Task Completion { get; }

    /// <summary>
    /// Ends as a killed process does, as far as peers and files can tell: connections are reset, nothing that was begun is answered. The caller has made the
    /// files unwritable before, so what the parts of the node still do on their way out changes nothing.
    /// </summary>
    internal async ValueTask KillAsync()
    {
        _node.Health.BeginStop();
        await StopAccepting().ConfigureAwait(false);
        await EndConnections().ConfigureAwait(false);
        await _node.DisposeAsync().ConfigureAwait(false);
        _diskThreads.Dispose();
        _batchThreads.Dispose();
    }

    /// <summary>
    /// Stops accepting, answers what was begun and ends connections in order, resets those that do not end in time; so nothing is acknowledged any more when
    /// the node ends.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _node.Health.BeginStop();
        await StopAccepting().ConfigureAwait(false);
        if (await _node.Broker.DrainAsync().ConfigureAwait(false) is var left and > 0)
        {
            HostLog.NotDrained(_logger, left, BrokerService.ShutdownDrainMs);
        }

        await EndConnections().ConfigureAwait(false);
        Disk?.GiveReserved();
        await _node.DisposeAsync().ConfigureAwait(false);
        _diskThreads.Dispose();
        _batchThreads.Dispose();
    }

    private Task StopAccepting() => StopAccepting(_listeners, _acceptors, _accepting);

    private static async Task StopAccepting(List<BoundListener> listeners, List<ConnectionAcceptor> acceptors, Task accepting)
    {
        foreach (var listener in listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var acceptor in acceptors)
        {
            acceptor.Close();
        }

        // A listener that has failed tells of it by Completion.
        await Task.WhenAny(accepting).ConfigureAwait(false);
    }

    /// <summary>Resets the connections that are left, and lets those who serve them end.</summary>
    private async Task EndConnections()
    {
        _transport.AbortConnections();
        if (await _node.Broker.DrainResetAsync().ConfigureAwait(false) is var left and > 0)
        {
            HostLog.NotEnded(_logger, left, BrokerService.ResetDrainMs);
        }

        _transport.Dispose();
    }

    internal static SocketTransportOptions TransportOptions(ServerConfig config, bool isGuest) => new()
    {
        CollectsGarbage = !isGuest,
        FirstReservedDescriptor = isGuest ? long.MaxValue : DescriptorLimit.Shares().Connections,
        SharesPorts = isGuest,
        Backlog = config.GetInt(ConfigKeys.SocketListenBacklogSize),
        SendBufferBytes = config.GetInt(ConfigKeys.SocketSendBufferBytes),
        ReceiveBufferBytes = config.IsSet(ReceiveBuffer) ? config.GetInt(ReceiveBuffer) : SocketTransportOptions.LeftToTheSystem,
    };
}
