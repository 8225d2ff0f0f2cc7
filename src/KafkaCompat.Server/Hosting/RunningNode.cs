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

    private readonly NodeListeners _listeners;
    private readonly BrokerNode _node;
    private readonly WorkThreads _diskThreads;
    private readonly WorkThreads _batchThreads;
    private readonly ILogger _logger;

    private RunningNode(
        ServerConfig config, NodeListeners listeners, BrokerNode node, WorkThreads diskThreads, WorkThreads batchThreads, ILogger logger)
    {
        Completion = Task.WhenAny([node.Completion, .. listeners.Accepting]).Unwrap();
        Config = config;
        _listeners = listeners;
        _logger = logger;
        _node = node;
        _diskThreads = diskThreads;
        _batchThreads = batchThreads;
    }

    /// <summary>The configuration with the ports that were bound.</summary>
    public ServerConfig Config { get; }

    public SocketTransport Transport => _listeners.Transport;

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
            Refused = RefusedConnections.Reporting(
                (endpoint, count) => HostLogMessages.NoDescriptorForConnection(logger, endpoint, count), TimeProvider.System),
        };
        var listeners = new NodeListeners(new SocketTransport(options, TimeProvider.System), logger);
        var diskThreads = new WorkThreads("disk", WorkThreads.MaxDiskThreads);
        var batchThreads = new WorkThreads("batch", WorkThreads.MaxBatchThreads);
        BrokerNode? node = null;
        try
        {
            config = await listeners.Bind(config).ConfigureAwait(false);
            node = await BrokerNode.StartAsync(config, files, time, Random.Shared, logs, diskThreads, batchThreads, seams, start).ConfigureAwait(false);
            listeners.Accept(config, node);
            return new RunningNode(config, listeners, node, diskThreads, batchThreads, logger) { Disk = files as DiskFileStore };
        }
        catch
        {
            await listeners.Stop().ConfigureAwait(false);
            listeners.Abort();
            listeners.Dispose();
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
    /// Ends as a killed process does, as far as clients and files can show: connections are reset, nothing that was begun is answered. The caller has made the
    /// files unwritable before, so what the parts of the node still do on their way out changes nothing.
    /// </summary>
    internal async ValueTask Kill()
    {
        _node.Health.BeginStop();
        await _listeners.Stop().ConfigureAwait(false);
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
        await _listeners.Stop().ConfigureAwait(false);
        if (await _node.Broker.Drain().ConfigureAwait(false) is var left and > 0)
        {
            HostLogMessages.NotDrained(_logger, left, NodeConnections.ShutdownDrainMs);
        }

        await EndConnections().ConfigureAwait(false);
        Disk?.GiveReserved();
        await _node.DisposeAsync().ConfigureAwait(false);
        _diskThreads.Dispose();
        _batchThreads.Dispose();
    }

    /// <summary>Resets the connections that are left, and lets those who serve them end.</summary>
    private async Task EndConnections()
    {
        _listeners.Abort();
        if (await _node.Broker.Connections.DrainReset().ConfigureAwait(false) is var left and > 0)
        {
            HostLogMessages.NotEnded(_logger, left, NodeConnections.ResetDrainMs);
        }

        _listeners.Dispose();
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
