using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Listeners;
using KafkaCompat.Server.Surroundings;
using KafkaCompat.Server.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KafkaCompat.Server.Http;

/// <summary>
/// The one HTTP port of a node: Kestrel, on this program's own transport. Its socket is bound together with the node's listeners, so that a port in use is
/// reported before anything else is done; it is served from <see cref="Start"/> on, while the node starts, and serves the node's own metrics from
/// <see cref="Serve"/> on.
/// </summary>
internal sealed class HttpEndpoint : IAsyncDisposable
{
    /// <summary>
    /// Connections at a time: scrapers and health checks. The transport closes those that come on top, because Kestrel would close them without a word.
    /// </summary>
    public const int MaxConnections = 64;

    /// <summary>Nobody sends a body here.</summary>
    public const int MaxRequestBodyBytes = 0;

    public const int MaxHeaderBytes = 16 * 1024;

    private static readonly TimeSpan KeepAlive = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a stop waits for an answer that is being sent.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly SocketTransport _transport;
    private readonly BoundListener _bound;
    private readonly ILogger _logger;
    private Task _serving = Task.CompletedTask;
    private KestrelServer? _server;
    private OperationsApplication? _application;

    private HttpEndpoint(SocketTransport transport, BoundListener bound, ILoggerFactory logs) =>
        (_transport, _bound, _logger) = (transport, bound, logs.CreateLogger("kafkacompat"));

    /// <summary>Where it listens.</summary>
    public ListenerEndpoint Listener => _bound.Endpoint;

    /// <summary>
    /// Binds what <c>kafkacompat.http.listener</c> says; nothing where it says none, or, with the reason, where nobody set it and the port is taken: several
    /// nodes on one machine start without a word about it in their settings.
    /// </summary>
    /// <exception cref="ConfigurationException">A listener that was set cannot be bound.</exception>
    public static async Task<(HttpEndpoint? Endpoint, string? Problem)> Bind(ServerConfig config, ILoggerFactory logs)
    {
        if (config.HttpListener is not { } listener)
        {
            return (null, null);
        }

        var transport = new SocketTransport(TransportOptions(DescriptorLimit.Shares(), logs.CreateLogger("kafkacompat")), TimeProvider.System);
        try
        {
            return (new HttpEndpoint(transport, await BoundListener.Bind(listener, transport, OwnSettings.HttpListener.Name).ConfigureAwait(false), logs),
                null);
        }
        catch (ConfigurationException e) when (!config.IsSet(OwnSettings.HttpListener.Name))
        {
            transport.Dispose();
            return (null, e.Message);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>Its connections are seen here and not at Kestrel, to which one that is closed as it comes never was one.</summary>
    internal static SocketTransportOptions TransportOptions(DescriptorShares shares, ILogger logger) => new()
    {
        FirstReservedDescriptor = shares.Connections,
        SpareConnections = DescriptorLimit.MaxForHttp,
        MaxConnections = MaxConnections,
        Full = RefusedConnections.Reporting((endpoint, count) => HostLogMessages.HttpIsFull(logger, endpoint, count, MaxConnections), TimeProvider.System),
        Refused = RefusedConnections.Reporting((endpoint, count) => HostLogMessages.NoDescriptorForHttp(logger, endpoint, count), TimeProvider.System),
    };

    /// <summary>
    /// Answers from now on how the start goes. Kestrel itself is made when the first connection comes, so that neither the start nor a node that nobody asks
    /// pay for it.
    /// </summary>
    public void Start(NodeStart start)
    {
        _application = new OperationsApplication(start, _logger);
        _serving = ServeWhenAsked(_application);
        HostLogMessages.HttpServed(_logger, Listener.Address);
    }

    /// <summary>The node has started: its metrics and its health are served from now on.</summary>
    public void Serve(BrokerNode node) => _application!.Serve(node);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await _server.StopAsync(patience.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // What becomes of a scrape is nothing that the node's end depends on.
                HostLogMessages.HttpNotStopped(_logger, e);
            }
        }

        await _bound.DisposeAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        _server?.Dispose();
        _transport.AbortConnections();
        _transport.Dispose();
        _application?.Dispose();
    }

    private async Task ServeWhenAsked(OperationsApplication application)
    {
        try
        {
            var sockets = _bound.Sockets.Select(static socket => new AskedSocket(socket)).ToList();
            var first = await Task.WhenAny(sockets.Select(static socket => socket.First)).ConfigureAwait(false);
            if (await first.ConfigureAwait(false) is not null)
            {
                await StartServer(application, sockets).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            HostLogMessages.HttpFailed(_logger, e);
        }
    }

    private Task StartServer(OperationsApplication application, List<AskedSocket> sockets)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        options.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        options.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        options.Limits.KeepAliveTimeout = KeepAlive;
        options.Limits.RequestHeadersTimeout = HeadersTimeout;
        foreach (var socket in sockets)
        {
            options.Listen((IPEndPoint)socket.EndPoint, static listen => listen.Protocols = HttpProtocols.Http1);
        }

        // Its lines would be about connections of this port alone, under names that look like the broker's.
        _server = new KestrelServer(Options.Create(options), new BoundSockets(sockets), NullLoggerFactory.Instance);
        return _server.StartAsync(application, CancellationToken.None);
    }

    /// <summary>Gives Kestrel the sockets that are bound already.</summary>
    private sealed class BoundSockets(List<AskedSocket> sockets) : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            new(sockets.First(socket => socket.EndPoint.Equals(endpoint)));
    }

    /// <summary>A socket whose first connection is waited for before there is anybody to take it.</summary>
    private sealed class AskedSocket(IConnectionListener socket) : IConnectionListener
    {
        private bool _isFirstTaken;

        public Task<ConnectionContext?> First { get; } = socket.AcceptAsync().AsTask();

        public EndPoint EndPoint => socket.EndPoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (_isFirstTaken)
            {
                return socket.AcceptAsync(cancellationToken);
            }

            _isFirstTaken = true;
            return new ValueTask<ConnectionContext?>(First);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => socket.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => socket.DisposeAsync();
    }
}
