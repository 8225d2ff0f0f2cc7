using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// What a node is as a controller: it decides while it leads the quorum, and serves the controller's listener. It knows the quorum and the metadata below it,
/// and no broker: one on the same node comes by <see cref="Channel"/> as any other would.
/// </summary>
/// <remarks>
/// Start: the quorum below it starts, it becomes active when the quorum elects it. Stop: it ends before the quorum, which it still appends to.
/// </remarks>
public sealed class ControllerRole : IAsyncDisposable
{
    private readonly QuorumNode _quorum;
    private readonly TimerWheel _wheel;
    private readonly ControllerService _service;
    private bool _isDisposed;

    public ControllerRole(ServerConfig config, MetaProperties meta, QuorumNode quorum, BrokerMetadata metadata, NodeSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(meta);
        ArgumentNullException.ThrowIfNull(quorum);
        ArgumentNullException.ThrowIfNull(surroundings);
        _quorum = quorum;
        _wheel = new TimerWheel(surroundings.EngineTime, surroundings.Faults);
        Loop = new ControllerLoop(
            Settings(config, meta, quorum, surroundings.Random), surroundings.EngineTime, surroundings.Random, _wheel, surroundings.Seams.Turns);
        quorum.Metadata.Leading = Loop.OnLeading;
        quorum.Metadata.LeadershipLost = Loop.OnLeadershipLost;
        _service = new ControllerService(config, metadata, Loop, quorum.Quorum.Describe, surroundings);
    }

    public ControllerLoop Loop { get; }

    /// <summary>What is served on the controller's listener.</summary>
    public DispatchTable Served => _service.Served;

    /// <summary>The way to it from within this node.</summary>
    public IControllerChannel Channel => _service.Channel;

    /// <summary>Ends, or fails, when its loop does: the node cannot go on without it.</summary>
    public Task Completion => Loop.Completion;

    /// <summary>Becomes active from here on, when the quorum elects it. Done when this node is the active controller and the metadata is complete.</summary>
    public async Task StartAsync(CancellationToken stop = default)
    {
        Loop.Start(_quorum.Quorum, _quorum.Metadata);
        await await Task.WhenAny(Loop.Active, Loop.Completion, _quorum.Completion).WaitAsync(stop);
    }

    /// <summary>Ends the loop, after what was asked of it before.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        // A loop that failed has failed its completion.
        await Loop.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Loop.Dispose();
        _wheel.Dispose();
    }

    private static ControllerSettings Settings(ServerConfig config, MetaProperties meta, QuorumNode quorum, Random random) => new()
    {
        NodeId = config.NodeId,
        ClusterId = meta.ClusterId,
        IncarnationId = RandomIds.Next(random),
        Endpoints = [.. config.Listeners.AdvertisedOfController.Select(OwnRegistration.EndpointOf)],
        BootstrapRecords = quorum.FormattedRecords,
        KRaftVersion = quorum.Quorum.KRaftVersion,
        TopicConfigs = new TopicConfigRules(config),
        ResourceConfigs = new ResourceConfigRules(config),
        DefaultPartitions = config.GetInt(ConfigKeys.NumPartitions),
        DefaultReplicationFactor = (short)config.GetInt(ConfigKeys.DefaultReplicationFactor),
        MinInSyncReplicas = config.GetInt(ConfigKeys.MinInsyncReplicas),
        IsUncleanElectionEnabled = config.GetBool(ConfigKeys.UncleanLeaderElectionEnable),
        IsTopicDeletionEnabled = config.GetBool(ConfigKeys.DeleteTopicEnable),
        SessionTimeoutMs = config.GetInt(ConfigKeys.BrokerSessionTimeoutMs),
        QuotaWindows = config.GetInt(ConfigKeys.ControllerQuotaWindowNum),
        QuotaWindowMs = config.GetInt(ConfigKeys.ControllerQuotaWindowSizeSeconds) * 1000L,
        MaxIdleIntervalMs = config.GetInt(ConfigKeys.MetadataMaxIdleIntervalMs),
    };
}
