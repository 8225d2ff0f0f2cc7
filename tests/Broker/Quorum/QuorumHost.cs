using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>The controller's half of a node together with its broker's registration, over a folder.</summary>
internal sealed class QuorumHost : IAsyncDisposable
{
    private readonly LogDirectory _directory;
    private bool _isSilent;

    private readonly ControllerRole _controller;

    private QuorumHost(LogDirectory directory, QuorumNode node, ControllerRole controller, BrokerLifecycle broker)
    {
        _directory = directory;
        _controller = controller;
        Node = node;
        Broker = broker;
    }

    public QuorumNode Node { get; }

    public ControllerLoop Controller => _controller.Loop;

    /// <summary>Ends when a part does that a node cannot do without.</summary>
    public Task Completion => Task.WhenAny(Node.Completion, _controller.Completion).Unwrap();

    public BrokerLifecycle Broker { get; }

    /// <summary>What the controller answers to a request in its newest version.</summary>
    public Task<TResponse> Ask<TResponse>(IRequestFor<TResponse> request)
        where TResponse : class, IResponse => Ask(request, ApiCatalog.Get(request.Key).Versions.Max);

    /// <summary>What the controller answers to a request in a version.</summary>
    public async Task<TResponse> Ask<TResponse>(IRequestFor<TResponse> request, short version)
        where TResponse : class, IResponse => (TResponse)await Controller.Ask(new ControllerRequest(request, version));

    public static async Task<QuorumHost> Start(
        string folder, IFileStore? files = null, TimeProvider? time = null, bool isClean = true, params (string Name, string Value)[] settings)
    {
        files ??= new DiskFileStore();
        time ??= TimeProvider.System;
        var random = new Random(3);
        var config = Config(folder, settings);
        var meta = DirectoryFormat.Prepare(files, config, time.GetUtcNow(), random);
        var directory = LogDirectory.Open(new LogEnvironment(files, time, random), folder);
        try
        {
            var surroundings = new NodeSurroundings(time, random, NullLoggerFactory.Instance);
            var node = QuorumNode.Open(config, directory.Environment, meta, surroundings);
            var metadata = new BrokerMetadata(new DynamicBrokerConfig(config, NullLogger.Instance), meta.ClusterId);
            var controller = new ControllerRole(config, meta, node, metadata, surroundings);
            node.Start();
            await controller.StartAsync();
            var before = node.Metadata.Image.Brokers.GetValueOrDefault(1);
            var registration = OwnRegistration.Of(
                config, meta.ClusterId, RandomIds.Next(random), before is null || before.LogDirs.IsEmpty ? [meta.DirectoryId!.Value] : before.LogDirs,
                isClean ? before?.Epoch ?? -1 : -1);
            var interval = TimeSpan.FromMilliseconds(config.GetInt(ConfigKeys.BrokerHeartbeatIntervalMs));
            var lifecycle = new BrokerLifecycle(new DecisionChannel(controller.Loop, authorizer: null), node.Metadata, registration, interval, time);
            await lifecycle.Register();
            await lifecycle.Unfence();
            return new QuorumHost(directory, node, controller, lifecycle);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public static ServerConfig Config(string folder, params (string Name, string Value)[] settings) => NodeSettings.Config(folder, settings);

    /// <summary>Stops as a clean shutdown does.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isSilent) await Broker.ShutDown();
        await Abandon();
    }

    /// <summary>The broker sends no more heartbeats, and the controller goes on.</summary>
    public async ValueTask Silence()
    {
        _isSilent = true;
        await Broker.DisposeAsync();
    }

    /// <summary>Stops without a word to the controller, as a kill looks to the next start.</summary>
    public async ValueTask Abandon()
    {
        if (!_isSilent) await Broker.DisposeAsync();
        await _controller.DisposeAsync();
        await Node.DisposeAsync();
        _directory.Dispose();
    }
}
