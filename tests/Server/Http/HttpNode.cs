using System.Net;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Server.Hosting;
using KafkaCompat.Server.Http;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>A node with its HTTP port, in this process.</summary>
internal sealed class HttpNode : IAsyncDisposable
{
    private readonly HttpEndpoint _http;

    private HttpNode(RunningNode node, HttpEndpoint http, HttpClient client) => (Running, _http, Client) = (node, http, client);

    public RunningNode Running { get; }

    public HttpClient Client { get; }

    public static async Task<HttpNode> Start(string folder, params (string Name, string Value)[] settings)
    {
        var config = Config(folder, settings);
        var (http, problem) = await HttpEndpoint.Bind(config, NullLoggerFactory.Instance);
        Assert.Null(problem);
        Assert.NotNull(http);
        var node = await RunningNode.Start(config, NullLoggerFactory.Instance);
        http.Start(new NodeStart(TimeProvider.System, NullLoggerFactory.Instance));
        http.Serve(node.Node);
        return new HttpNode(node, http, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http.Listener.Port}/") });
    }

    public static ServerConfig Config(string folder, params (string Name, string Value)[] settings) =>
        NodeSettings.Config(folder, [NodeSettings.OnFreePorts(), (OwnSettings.HttpListener.Name, "127.0.0.1:0"), .. settings]);

    /// <summary>A client of the broker's listener.</summary>
    public MemoryClient Connect()
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, Running.Node.Serve(connection, "PLAINTEXT"));
    }

    public async Task CreateTopic(string name, int partitions = 1)
    {
        var client = Connect();
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 } } }, 7);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        client.CloseSending();
    }

    public async Task<(HttpStatusCode Status, string Text)> Get(string path)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Running.DisposeAsync();
        await _http.DisposeAsync();
    }
}
