using System.Globalization;
using System.Text;
using KafkaCompat.Broker.Node;
using KafkaCompat.Server.Surroundings;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Server.Http;

/// <summary>
/// What is served over HTTP to those who run the node: <c>/metrics</c> for Prometheus, <c>/health/live</c> while the process has what it needs,
/// <c>/health/ready</c> while everything of the node can be served, else 503 and why not, a line each. A node that starts is alive and not ready, and says what
/// it is at; it has no metrics yet.
/// </summary>
internal sealed class OperationsApplication(NodeStart start, ILogger logger) : IHttpApplication<IFeatureCollection>, IDisposable
{
    /// <summary>Scrapes that may hold their text in memory at a time; who comes later waits.</summary>
    public const int MaxScrapes = 2;

    /// <summary>Whose answer it is.</summary>
    public const string NodeHeader = "Kafka-Node-Id";

    /// <inheritdoc cref="NodeHeader"/>
    public const string ClusterHeader = "Kafka-Cluster-Id";

    private const string PlainText = "text/plain; charset=utf-8";

    private readonly SemaphoreSlim _scrapes = new(MaxScrapes);
    private readonly Lock _gate = new();
    private BrokerNode? _node;
    private ServedNode? _served;
    private bool _isDisposed;
    private volatile bool _isCut;

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    /// <summary>The node has started.</summary>
    public void Serve(BrokerNode node) => Volatile.Write(ref _node, node);

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _served?.Dispose();
        }

        _scrapes.Dispose();
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var isKnown = request.Path is "/metrics" or "/health/live" or "/health/ready" or "/";
        if (isKnown && request.Method is not ("GET" or "HEAD"))
        {
            context.GetRequiredFeature<IHttpResponseFeature>().Headers.Allow = "GET, HEAD";
            await Answer(context, 405, "Only GET and HEAD are served here.").ConfigureAwait(false);
            return;
        }

        var node = Served();
        var identity = node is not null ? new NodeIdentity(node.NodeId, node.ClusterId) : start.Identity;
        if (identity is not null)
        {
            // Who asks the wrong port learns of it, and of a node that starts too.
            var headers = context.GetRequiredFeature<IHttpResponseFeature>().Headers;
            headers[NodeHeader] = identity.NodeId.ToString(CultureInfo.InvariantCulture);
            if (identity.ClusterId is { } cluster) headers[ClusterHeader] = cluster;
        }

        switch (request.Path)
        {
            case "/metrics" when node is not null:
                await Scrape(context, node).ConfigureAwait(false);
                break;
            case "/metrics" or "/health/ready" when node is null:
                await Answer(context, 503, start.Describe()).ConfigureAwait(false);
                break;
            case "/health/live":
                await (node is not { IsAlive: false } ? Answer(context, 200, $"alive{Whose(identity)}") : Answer(context, 503, "The node has ended."))
                    .ConfigureAwait(false);
                break;
            case "/health/ready":
                var reasons = node!.Health.NotReady();
                await (reasons.Count == 0 ? Answer(context, 200, $"ready{Whose(identity)}") : Answer(context, 503, string.Join('\n', reasons)))
                    .ConfigureAwait(false);
                break;
            case "/":
                await Answer(context, 200, "/metrics\n/health/live\n/health/ready").ConfigureAwait(false);
                break;
            default:
                await Answer(context, 404, "There are /metrics, /health/live and /health/ready.").ConfigureAwait(false);
                break;
        }
    }

    /// <summary>What is served of the node once it has started. If it could not be made, the next request makes it again.</summary>
    private ServedNode? Served()
    {
        if (Volatile.Read(ref _served) is { } served) return served;
        if (Volatile.Read(ref _node) is not { } node) return null;
        lock (_gate) return _isDisposed ? _served : _served ??= new ServedNode(node);
    }

    private static string Whose(NodeIdentity? node) =>
        node is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"\nnode {node.NodeId}{(node.ClusterId is null ? "" : $" of cluster {node.ClusterId}")}");

    private async Task Scrape(IFeatureCollection context, ServedNode node)
    {
        var cancellation = context.Get<IHttpRequestLifetimeFeature>()?.RequestAborted ?? default;
        await _scrapes.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // A socket's thread serves clients of the broker too, and walking over ten thousand partitions takes a while.
            await Task.Yield();
            using var text = new ExpositionBuffer();
            node.Metrics.Refresh();
            node.Text.Write(text);
            if (text.IsFull && !_isCut)
            {
                HostLogMessages.ScrapeCut(logger, text.Length);
            }

            _isCut = text.IsFull;
            Begin(context, 200, PrometheusText.ContentType, text.Length);
            if (!IsHead(context))
            {
                await text.CopyTo(context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _ = _scrapes.Release();
        }
    }

    private static async Task Answer(IFeatureCollection context, int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text + "\n");
        Begin(context, status, PlainText, bytes.Length);
        if (!IsHead(context))
        {
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(bytes).ConfigureAwait(false);
        }
    }

    private static void Begin(IFeatureCollection context, int status, string contentType, long length)
    {
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.Headers.ContentType = contentType;
        response.Headers.ContentLength = length;
        response.Headers.CacheControl = "no-store";
    }

    private static bool IsHead(IFeatureCollection context) => context.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD";
}
