using System.Net;
using System.Net.Sockets;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Broker.Tests;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Server.Http;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Server.Tests.Http;

/// <summary>Metrics and health of a whole node over its HTTP port.</summary>
public sealed class HttpEndpointTests : IDisposable
{
    private static readonly ClientTraits Traits = new("AAAAAAAAAAEAAAAAAAAAAg", "me", "test", "1", "127.0.0.1", "1");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kafkacompat-http-");

    [Fact]
    public async Task What_clients_did_is_in_the_metrics()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("orders", 2);
        var client = node.Connect();
        var batch = Records.Batch(10);
        _ = await Records.Send(client, "orders", batch);
        _ = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("nowhere", Records.Batch()), 12);
        _ = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("orders", 0), 12);

        var (status, text) = await node.Get("metrics");
        Assert.Equal(HttpStatusCode.OK, status);
        var metrics = Exposition.Parse(text);
        Assert.Equal(2, metrics["kafka_requests_total{api=\"Produce\"}"]);
        Assert.Equal(1, metrics["kafka_request_errors_total{api=\"Produce\",error=\"NONE\"}"]);
        Assert.Equal(1, metrics["kafka_request_errors_total{api=\"Produce\",error=\"UNKNOWN_TOPIC_OR_PARTITION\"}"]);
        Assert.Equal(2, metrics["kafka_request_time_seconds_count{api=\"Produce\"}"]);
        Assert.Equal(2, metrics["kafka_request_time_seconds_bucket{api=\"Produce\",le=\"+Inf\"}"]);
        Assert.InRange(metrics["kafka_request_time_seconds_sum{api=\"Produce\"}"], double.Epsilon, 600);
        Assert.InRange(metrics["kafka_request_size_bytes_total{api=\"Produce\"}"], batch.Length, batch.Length * 4);
        Assert.Equal(batch.Length, metrics["kafka_topic_in_bytes_total{topic=\"orders\"}"]);
        Assert.Equal(10, metrics["kafka_topic_messages_in_total{topic=\"orders\"}"]);
        Assert.Equal(batch.Length, metrics["kafka_topic_out_bytes_total{topic=\"orders\"}"]);
        Assert.Equal(batch.Length, metrics["kafka_topic_log_size_bytes{topic=\"orders\"}"]);
        Assert.Equal(2, metrics["kafka_partitions_led"]);
        Assert.Equal(0, metrics["kafka_partitions_under_min_isr"]);
        Assert.Equal(1, metrics["kafka_connections{listener=\"PLAINTEXT\"}"]);
        Assert.Equal(2, metrics["kafka_connections_opened_total{listener=\"PLAINTEXT\"}"]);
        Assert.Equal(1, metrics["kafka_controller_active"]);
        Assert.Equal(1, metrics["kafka_controller_topics"]);
        Assert.Equal(1, metrics["kafka_quorum_voters"]);
        Assert.True(metrics["kafka_quorum_high_watermark"] > 0);
        Assert.Equal("histogram", metrics.Types["kafka_request_time_seconds"]);
        Assert.Equal("counter", metrics.Types["kafka_requests_total"]);
        Assert.Equal("gauge", metrics.Types["kafka_partitions"]);
        Assert.Contains("kafka_partitions ", text, StringComparison.Ordinal);
        Assert.Contains("Kafka: kafka.server:type=ReplicaManager,name=PartitionCount", text, StringComparison.Ordinal);
        Assert.Contains(metrics.Series, static series => series.StartsWith("dotnet_gc_collections_total", StringComparison.Ordinal));
        Assert.Contains(metrics.Series, static series => series.StartsWith("process_start_time_seconds", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fetch_that_waits_is_in_the_purgatory_and_its_wait_is_remote_time()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("t");
        var waiting = node.Connect();
        _ = await waiting.Post(Records.Fetch("t", 0, maxWaitMs: 30_000), 12);
        await Eventually.Is(async () => Exposition.Parse((await node.Get("metrics")).Text)["kafka_purgatory_size{operation=\"Fetch\"}"] >= 1);
        _ = await Records.Send(node.Connect(), "t", Records.Batch());
        _ = await waiting.Receive();
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        Assert.Equal(0, metrics["kafka_purgatory_size{operation=\"Fetch\"}"]);
        Assert.InRange(metrics["kafka_request_remote_time_seconds_total{api=\"Fetch\"}"], double.Epsilon, 600);
    }

    [Fact]
    public async Task A_group_is_counted_in_its_state()
    {
        await using var node = await HttpNode.Start(_folder.FullName, ("offsets.topic.num.partitions", "2"));
        var client = node.Connect();
        await CommitOffset(node, client, partitions: 2);
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        Assert.Equal(1, metrics["kafka_groups{protocol=\"classic\",state=\"Empty\"}"]);
        Assert.Equal(1, metrics["kafka_groups_offsets"]);
    }

    /// <summary>A series that vanishes leaves its last value on a dashboard, and an alert without an answer.</summary>
    [Fact]
    public async Task Gauges_of_what_is_gone_are_zero()
    {
        await using var node = await HttpNode.Start(_folder.FullName, ("offsets.topic.num.partitions", "1"));
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        foreach (var listener in (string[])["PLAINTEXT", "CONTROLLER"])
        {
            Assert.Equal(0, metrics[$"kafka_connections{{listener=\"{listener}\"}}"]);
            Assert.Equal(0, metrics[$"kafka_connections_opened_total{{listener=\"{listener}\"}}"]);
        }

        foreach (var state in (string[])["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"])
            Assert.Equal(0, metrics[$"kafka_groups{{protocol=\"classic\",state=\"{state}\"}}"]);

        var client = node.Connect();
        await CommitOffset(node, client, partitions: 1);
        metrics = Exposition.Parse((await node.Get("metrics")).Text);
        Assert.Equal(1, metrics["kafka_groups{protocol=\"classic\",state=\"Empty\"}"]);
        Assert.InRange(metrics["kafka_connections{listener=\"PLAINTEXT\"}"], 1, 2);
        _ = await client.Ask<DeleteGroupsRequest, DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = { "g" } }, 1);
        client.CloseSending();
        await Eventually.Is(async () => Exposition.Parse((await node.Get("metrics")).Text)["kafka_connections{listener=\"PLAINTEXT\"}"] <= 0);
        Assert.Equal(0, Exposition.Parse((await node.Get("metrics")).Text)["kafka_groups{protocol=\"classic\",state=\"Empty\"}"]);
    }

    [Fact]
    public async Task A_client_that_has_to_pause_is_counted()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        await node.CreateTopic("t");
        var client = node.Connect();
        var quotas = await client.Ask<AlterClientQuotasRequest, AlterClientQuotasResponse>(
            new AlterClientQuotasRequest
            {
                Entries =
                {
                    new() { Entity = { new() { EntityType = "client-id", EntityName = "test" } }, Ops = { new() { Key = "producer_byte_rate", Value = 1 } } },
                },
            }, 1);
        Assert.Equal(ErrorCode.None, quotas.Entries[0].ErrorCode);
        _ = await Records.Send(client, "t", Records.Batch(10, 1_000));
        Assert.True(Exposition.Parse((await node.Get("metrics")).Text)["kafka_request_throttle_time_seconds_total{api=\"Produce\"}"] > 0);
    }

    [Fact]
    public async Task What_clients_push_of_their_own_metrics_is_there()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        node.Running.Node.Broker.Telemetry.Meter.Record(
            Traits, new Uuid(1, 2),
            [new("org.apache.kafka.producer.record.send", "Records sent", "1", ClientMetricKind.Delta, [KeyValuePair.Create("client_rack", "a b\"")], 3)]);
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        Assert.Equal(3,
            metrics[$"client_org_apache_kafka_producer_record_send_total{{client_id=\"me\",client_instance_id=\"{Traits.InstanceId}\",client_rack=\"a "
            + $"b\\\"\"}}"]);
    }

    [Fact]
    public async Task A_node_that_serves_everything_is_alive_and_ready()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        Assert.Equal((HttpStatusCode.OK, $"alive\nnode 1 of cluster {node.Running.Node.Broker.Metadata.ClusterId}\n"), await node.Get("health/live"));
        Assert.Equal((HttpStatusCode.OK, $"ready\nnode 1 of cluster {node.Running.Node.Broker.Metadata.ClusterId}\n"), await node.Get("health/ready"));
    }

    /// <summary>Who the node is is known before it serves: by its settings at once, by its directory a moment later.</summary>
    [Theory]
    [InlineData(null, "alive\nnode 5\n")]
    [InlineData("MkU3OEVBNTcwNTJENDM2Qk", "alive\nnode 5 of cluster MkU3OEVBNTcwNTJENDM2Qk\n")]
    public async Task A_node_that_starts_says_who_it_is(string? clusterId, string alive)
    {
        var (http, _) = await HttpEndpoint.Bind(HttpNode.Config(_folder.FullName), NullLoggerFactory.Instance);
        await using (http!)
        {
            http!.Start(new NodeStart(TimeProvider.System, NullLoggerFactory.Instance) { Identity = new NodeIdentity(5, clusterId) });
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http.Listener.Port}/") };
            foreach (var path in (string[])["health/live", "health/ready", "metrics"])
            {
                using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
                Assert.Equal(["5"], response.Headers.GetValues("Kafka-Node-Id"));
                Assert.Equal(clusterId, response.Headers.TryGetValues("Kafka-Cluster-Id", out var clusters) ? clusters.Single() : null);
                if (path == "health/live") Assert.Equal(alive, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            }
        }
    }

    [Fact]
    public async Task A_node_that_stops_is_alive_and_not_ready()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        node.Running.Node.Health.BeginStop();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The node is stopping.\n"), await node.Get("health/ready"));
        Assert.Equal(HttpStatusCode.OK, (await node.Get("health/live")).Status);
        Assert.Equal(6, Exposition.Parse((await node.Get("metrics")).Text)["kafka_broker_state"]);
    }

    [Fact]
    public async Task A_failed_disk_makes_a_node_not_ready_and_is_named()
    {
        var lost = Path.Combine(_folder.FullName, "b");
        await using var node = await HttpNode.Start($"{Path.Combine(_folder.FullName, "a")},{lost}");
        await node.CreateTopic("t", 4);
        Assert.Equal(HttpStatusCode.OK, (await node.Get("health/ready")).Status);
        node.Running.Node.Broker.Directories.All[1].Health.Fail(new IOException("Input/output error"));
        var (status, text) = await node.Get("health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains($"The log directory {lost} has failed: Input/output error\n", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await node.Get("health/live")).Status);
        var metrics = Exposition.Parse((await node.Get("metrics")).Text);
        Assert.Equal(1, metrics["kafka_log_directories_offline"]);
        Assert.Equal(1, metrics[$"kafka_log_directory_offline{{directory=\"{lost}\"}}"]);
    }

    [Fact]
    public async Task The_last_disk_lost_ends_life()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        node.Running.Node.Broker.Directories.All[0].Health.Fail(new IOException("Input/output error"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.Get("health/live")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await node.Get("health/ready")).Status);
    }

    [Theory]
    [InlineData("GET", "nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "", HttpStatusCode.OK)]
    [InlineData("HEAD", "metrics", HttpStatusCode.OK)]
    [InlineData("HEAD", "health/ready", HttpStatusCode.OK)]
    [InlineData("DELETE", "metrics", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "health/live", HttpStatusCode.MethodNotAllowed)]
    public async Task Whatever_else_is_asked_has_its_status(string method, string path, HttpStatusCode expected)
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await node.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        if (method == "HEAD") Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_request_that_is_no_HTTP_ends_its_connection_alone()
    {
        await using var node = await HttpNode.Start(_folder.FullName);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, node.Client.BaseAddress!.Port, TestContext.Current.CancellationToken);
        await socket.SendAsync("\0\0\0\x0e\0\x12"u8.ToArray(), TestContext.Current.CancellationToken);
        await socket.SendAsync("nonsense\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        var answer = new byte[4096];
        while (await socket.ReceiveAsync(answer, TestContext.Current.CancellationToken) > 0)
        {
        }

        Assert.Equal(HttpStatusCode.OK, (await node.Get("health/live")).Status);
    }

    [Fact]
    public async Task A_port_that_was_set_and_is_taken_is_refused()
    {
        using var taken = Taken(0);
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var config = HttpNode.Config(_folder.FullName, (OwnSettings.HttpListener.Name, $"127.0.0.1:{port}"));
        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => HttpEndpoint.Bind(config, NullLoggerFactory.Instance));
        Assert.Contains($"Port {port} is in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_default_port_that_is_taken_is_done_without()
    {
        // Where another program has it already, it is taken as well.
        Socket? taken = null;
        try
        {
            taken = Taken(OwnSettings.HttpListener.Default!.Port);
        }
        catch (SocketException)
        {
        }

        using (taken)
        {
            var settings = HttpNode.Config(_folder.FullName).Explicit.Where(static pair => pair.Key != OwnSettings.HttpListener.Name);
            var (endpoint, problem) = await HttpEndpoint.Bind(ServerConfig.Create(settings, "localhost"), NullLoggerFactory.Instance);
            Assert.Null(endpoint);
            Assert.Contains("Port 9464 is in use", problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task None_is_nowhere() =>
        Assert.Equal((null, null),
            await HttpEndpoint.Bind(HttpNode.Config(_folder.FullName, (OwnSettings.HttpListener.Name, "none")), NullLoggerFactory.Instance));

    [Theory]
    [InlineData("localhost:1234", "localhost", 1234)]
    [InlineData(":9464", "", 9464)]
    [InlineData("[::1]:80", "::1", 80)]
    [InlineData("0.0.0.0:0", "0.0.0.0", 0)]
    public void The_listener_is_a_host_and_a_port(string text, string host, int port)
    {
        var listener = OwnSettings.HttpListener.Parse(text);
        Assert.Equal((host, port), (listener!.Host, listener.Port));
    }

    [Theory]
    [InlineData("9464")]
    [InlineData("localhost")]
    [InlineData("localhost:-1")]
    [InlineData("localhost:65536")]
    [InlineData("http://localhost:1")]
    [InlineData("")]
    public void What_is_no_listener_is_refused(string text) => Assert.Throws<ConfigurationException>(() => OwnSettings.HttpListener.Parse(text));

    public void Dispose() => _folder.Delete(recursive: true);

    private static Socket Taken(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen();
        return socket;
    }

    /// <summary>Commits an offset of a group that has no member, once all partitions of the coordinator's topic are loaded.</summary>
    private static async Task CommitOffset(HttpNode node, MemoryClient client, int partitions)
    {
        _ = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "g" }, 3);
        await Eventually.Is(async () => Exposition.Parse((await node.Get("metrics")).Text)["kafka_groups_partitions{state=\"active\"}"] >= partitions);
        await node.CreateTopic("t");
        _ = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = "g",
                GenerationIdOrMemberEpoch = -1,
                Topics = { new() { Name = "t", Partitions = { new() { CommittedOffset = 5 } } } },
            }, 8);
    }
}
