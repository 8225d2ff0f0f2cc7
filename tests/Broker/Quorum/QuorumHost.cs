using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Node;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>The controller's half of a node together with its broker's registration, over a folder.</summary>
internal sealed class QuorumHost : IAsyncDisposable
{
    private readonly LogDirectory _directory;
    private bool _isSilent;

    private QuorumHost(LogDirectory directory, QuorumNode node, BrokerLifecycle broker)
    {
        _directory = directory;
        Node = node;
        Broker = broker;
    }

    public QuorumNode Node { get; }

    public BrokerLifecycle Broker { get; }

    /// <summary>What the controller answers to a request in its newest version.</summary>
    public Task<TResponse> Ask<TResponse>(IRequestFor<TResponse> request)
        where TResponse : class, IResponse => Ask(request, ApiCatalog.Get(request.Key).Versions.Max);

    /// <summary>What the controller answers to a request in a version.</summary>
    public async Task<TResponse> Ask<TResponse>(IRequestFor<TResponse> request, short version)
        where TResponse : class, IResponse => (TResponse)await Node.Controller.Ask(new ControllerRequest(request, version));

    public static async Task<QuorumHost> Start(string folder, IFileStore? files = null, TimeProvider? time = null, bool isClean = true,
        params (string Name, string Value)[] settings)
    {
        files ??= new DiskFileStore();
        time ??= TimeProvider.System;
        var random = new Random(3);
        var config = Config(folder, settings);
        var meta = DirectoryFormat.Prepare(files, config, time.GetUtcNow(), random);
        var directory = LogDirectory.Open(new LogEnvironment(files, time, random), folder);
        try
        {
            var node = QuorumNode.Open(config, directory.Environment, meta, time, random);
            await node.StartAsync();
            var before = node.Metadata.Image.Brokers.GetValueOrDefault(1);
            var lifecycle = new BrokerLifecycle(
                new DirectController(node.Controller, authorizer: null), node.Metadata, config, meta.ClusterId,
                before is null || before.LogDirs.IsEmpty ? [meta.DirectoryId!.Value] : before.LogDirs,
                isClean ? before?.Epoch ?? -1 : -1, time, random);
            await lifecycle.RegisterAsync();
            await lifecycle.UnfenceAsync();
            return new QuorumHost(directory, node, lifecycle);
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
        if (!_isSilent) await Broker.ShutDownAsync();
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
        await Node.DisposeAsync();
        _directory.Dispose();
    }
}
