using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>A whole node on a disk in memory, reached through connections in memory.</summary>
internal sealed class TestNode : IFrameNode, IAsyncDisposable
{
    /// <summary>The cluster whose answers golden/hostile.tsv holds.</summary>
    public const string ClusterId = "6Xm3QqAYSXaTnL0aTq1nDw";

    /// <summary>Partitions of <c>__consumer_offsets</c>.</summary>
    public const int OffsetsPartitions = 3;

    /// <summary>As the value of a setting: Kafka's default, where nodes in tests have another.</summary>
    public const string KafkasDefault = NodeSettings.KafkasDefault;

    private readonly ControllerService _controllerListener;

    private TestNode(BrokerService broker, VolatileController controller, ControllerService controllerListener) =>
        (Broker, Controller, _controllerListener) = (broker, controller, controllerListener);

    public BrokerService Broker { get; }

    public VolatileController Controller { get; }

    /// <summary>The configuration of a node in tests; <paramref name="settings"/> come last, and <see cref="KafkasDefault"/> takes one back.</summary>
    public static ServerConfig ConfigOf(params (string Name, string Value)[] settings) => NodeSettings.Config(
        "/data",
        [
            ("advertised.listeners", "PLAINTEXT://localhost:19092,CONTROLLER://localhost:19093"),
            ("inter.broker.listener.name", "PLAINTEXT"),
            ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"),
            ("offsets.topic.num.partitions", OffsetsPartitions.ToString(CultureInfo.InvariantCulture)),
            .. settings,
        ]);

    public static TestNode Start(
        IFileStore? files = null, TimeProvider? time = null, string folder = "/data", ILoggerFactory? logs = null,
            params (string Name, string Value)[] settings) =>
        Start(IWorkThreads.None, files, time, folder, logs, settings);

    public static TestNode Start(
        IWorkThreads batchThreads, IFileStore? files = null, TimeProvider? time = null, string folder = "/data", ILoggerFactory? logs = null,
        params (string Name, string Value)[] settings) =>
        Start(batchThreads, null, files, time, folder, logs, settings);

    public static TestNode Start(
        IWorkThreads batchThreads, NodeSeams? seams, IFileStore? files = null, TimeProvider? time = null, string folder = "/data", ILoggerFactory? logs = null,
        params (string Name, string Value)[] settings)
    {
        var config = ConfigOf(settings);
        time ??= TimeProvider.System;
        var directory = LogDirectory.Open(new LogEnvironment(files ?? new ForgetfulFileStore(time), time, new Random(2)), folder);
        var controller = new VolatileController(config, ClusterId, time, new Random(3));
        var surroundings = new NodeSurroundings(time, new Random(1), logs ?? NullLoggerFactory.Instance)
        {
            BatchThreads = batchThreads,
            Seams = seams ?? NodeSeams.None,
        };
        var metadata = new BrokerMetadata(new DynamicBrokerConfig(config, surroundings.Logs.CreateLogger("kafkacompat.configs")), ClusterId);
        var listener = new ControllerService(config, metadata, controller, Quorum, surroundings);
        var connections = new NodeConnections(config, surroundings);
        var broker = new BrokerService(config, metadata, new LogDirectories([directory]), listener.Channel, connections, surroundings);
        controller.Listeners = broker.MetadataListeners;
        broker.BrokerEpoch = controller.Start(config);
        broker.LoadDirectory(controller.Image).GetAwaiter().GetResult();
        broker.Start();
        return new TestNode(broker, controller, listener);
    }

    /// <summary>A new connection to a listener.</summary>
    public MemoryClient Connect(string listener = "PLAINTEXT")
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, Serve(connection, listener));
    }

    /// <summary>Serves a connection to a listener, until it ends.</summary>
    public Task Serve(ConnectionContext connection, string listener) =>
        Broker.Connections.Serve(connection, listener, listener == "CONTROLLER" ? _controllerListener.Served : Broker.Served);

    /// <summary>Sets what a record of the metadata would set; null takes a setting back.</summary>
    public void Configure(ConfigResource resource, string name, string? value) => Controller.Configure(resource, name, value);

    /// <summary>Creates a topic and waits until its partitions are led here.</summary>
    public async Task<Uuid> CreateTopic(string name, int partitions = 1, params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 };
        foreach (var (key, value) in configs) topic.Configs.Add(new() { Name = key, Value = value });
        var client = Connect();
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new CreateTopicsRequest { Topics = { topic } }, 7);
        client.CloseSending();
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        return response.Topics[0].TopicId;
    }

    /// <summary>Deletes a topic and waits until it is gone here.</summary>
    public async Task DeleteTopic(string name)
    {
        var client = Connect();
        var response =
            await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 60_000, Topics = { new() { Name = name } } }, 6);
        client.CloseSending();
        Assert.Equal(ErrorCode.None, response.Responses[0].ErrorCode);
    }

    /// <summary>
    /// Waits until the coordinator has read so many partitions of its topic, and waits for no other. What of it is asked before is sent away, as Kafka does.
    /// </summary>
    public Task GroupsLoaded(int partitions = OffsetsPartitions) =>
        Eventually.Is(() => (Broker.Groups.LoadedPartitions, Broker.Groups.LoadingPartitions) == (partitions, 0));

    IFrameClient IFrameNode.Connect(string listener) => Connect(listener);

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Broker.Connections.Dispose();
    }

    /// <summary>A quorum of one that has committed a hundred records.</summary>
    public static QuorumDescription Quorum() => new(
        1, 1, 100, [new QuorumReplica(new ReplicaKey(1, new Uuid(3, 3000)), 100, -1, -1)], [],
        new VoterSet([new Voter(new ReplicaKey(1, new Uuid(3, 3000)), [new Endpoint("CONTROLLER", "localhost", 19093, 0)])]), 1);
}
