using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The controller's half of a node: metadata log, quorum, controller, and the metadata that this node follows. The broker's half stands on
/// <see cref="Metadata"/> and <see cref="Controller"/> alone.
/// </summary>
public sealed class QuorumNode : IAsyncDisposable
{
    private readonly MetadataLog _log;
    private readonly TimerWheel _wheel;
    private bool _isDisposed;

    private QuorumNode(MetadataLog log, QuorumLoop quorum, ControllerLoop controller, MetadataApplier metadata, TimerWheel wheel)
    {
        _log = log;
        _wheel = wheel;
        Quorum = quorum;
        Controller = controller;
        Metadata = metadata;
    }

    public QuorumLoop Quorum { get; }

    public ControllerLoop Controller { get; }

    public MetadataApplier Metadata { get; }

    /// <summary>Opens the metadata log of a prepared directory, whose lock the caller holds. The ports of the listeners are bound.</summary>
    public static QuorumNode Open(ServerConfig config, LogEnvironment environment, MetaProperties meta, TimeProvider clock, Random random, TaskScheduler? turns = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(meta);
        ArgumentNullException.ThrowIfNull(clock);
        var log = MetadataLog.Open(environment, config.MetadataLogDir, LogSettingsOf(config));
        try
        {
            var metadata = new MetadataApplier(
                new SnapshotPolicy(config.GetLong(ConfigKeys.MetadataLogMaxRecordBytesBetweenSnapshots), config.GetLong(ConfigKeys.MetadataLogMaxSnapshotIntervalMs)),
                clock);
            var quorum = new QuorumLoop(log, QuorumSettingsOf(config, meta), metadata, new QuorumSurroundings(NoPeers.Instance, clock, new Random(random.Next()), turns ?? TaskScheduler.Default));
            if (quorum.Describe().VoterSet is { Voters.Length: > 1 } voters)
            {
                throw new QuorumStateException($"The metadata log in {config.MetadataLogDir} has a quorum of {voters.Voters.Length} voters "
                    + $"({string.Join(", ", voters.Voters.Select(static v => v.Key.Id))}): more than one is not served yet.");
            }

            var settings = ControllerSettingsOf(config, meta, BootstrapRecords(log, quorum), quorum.KRaftVersion, random);
            var wheel = new TimerWheel(clock);
            var controller = new ControllerLoop(settings, clock, random, wheel, turns ?? TaskScheduler.Default);
            metadata.Leading = controller.OnLeading;
            metadata.LeadershipLost = controller.OnLeadershipLost;
            metadata.SnapshotDue = (id, image) => quorum.TakeSnapshot(id, new QuorumSnapshot(
                image.Provenance.TimestampMs, quorum.KRaftVersion, Voters: null, [.. MetadataSnapshot.Records(image)]));
            return new QuorumNode(log, quorum, controller, metadata, wheel);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Starts the loops; done when this node is the active controller and the metadata is complete.</summary>
    public async Task StartAsync(CancellationToken stop = default)
    {
        Metadata.Start(Quorum.Committed);
        Quorum.Start();
        Controller.Start(Quorum, Metadata);
        await await Task.WhenAny(Controller.Active, Quorum.Completion, Metadata.Completion, Controller.Completion).WaitAsync(stop);
    }

    /// <summary>Ends when a loop does; failed where the node cannot go on without it: the quorum's disk, the metadata, the controller.</summary>
    public Task Completion => Task.WhenAny(Quorum.Completion, Metadata.Completion, Controller.Completion).Unwrap();

    /// <summary>Ends the loops, waits for whoever is told of the metadata, and closes the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await Ended(Controller.StopAsync());
        await Ended(Quorum.StopAsync());
        Controller.Dispose();
        _wheel.Dispose();
        Quorum.Dispose();
        await Metadata.DisposeAsync();
        if (Quorum.Completion.IsCompletedSuccessfully)
        {
            _log.Close();
        }

        _log.Dispose();
    }

    /// <summary>A loop that failed has told its failure by its completion.</summary>
    private static Task Ended(Task loop) => loop.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Current);

    private static IReadOnlyList<VersionedRecord> BootstrapRecords(MetadataLog log, QuorumLoop quorum) =>
        log.LatestSnapshot == SnapshotId.Bootstrap && quorum.Snapshot is { } formatted ? formatted.Records : DirectoryFormat.NewClusterFeatures;

    private static LogSettings LogSettingsOf(ServerConfig config) => new()
    {
        SegmentBytes = config.GetOptionalInt(ConfigKeys.InternalMetadataLogSegmentBytes) ?? config.GetInt(ConfigKeys.MetadataLogSegmentBytes),
        SegmentMs = config.GetLong(ConfigKeys.MetadataLogSegmentMs),
        FileDeleteDelayMs = config.GetLong(ConfigKeys.InternalMetadataDeleteDelayMillis),
        RetentionMs = -1,
        RetentionBytes = -1,
    };

    private static QuorumSettings QuorumSettingsOf(ServerConfig config, MetaProperties meta)
    {
        string listener = config.Listeners.ControllerNames[0];
        return new QuorumSettings
        {
            Raft = new RaftSettings(
                new ReplicaKey(config.NodeId, meta.DirectoryId ?? Uuid.Zero),
                config.GetInt(ConfigKeys.ControllerQuorumElectionTimeoutMs),
                config.GetInt(ConfigKeys.ControllerQuorumFetchTimeoutMs)),
            StaticVoters = new VoterSet([.. config.Node.StaticVoters.OrderBy(v => v.Id).Select(v => new Voter(new ReplicaKey(v.Id, Uuid.Zero), [new Endpoint(listener, v.Host, v.Port, 0)]))]),
            Endpoints = [.. config.Listeners.AdvertisedOfController.Select(l => new Endpoint(l.Name, l.Host, l.Port, 0))],
            MaxRetentionBytes = config.GetLong(ConfigKeys.MetadataMaxRetentionBytes),
            MaxRetentionMs = config.GetLong(ConfigKeys.MetadataMaxRetentionMs),
        };
    }

    private static ControllerSettings ControllerSettingsOf(
        ServerConfig config, MetaProperties meta, IReadOnlyList<VersionedRecord> bootstrap, short kraftVersion, Random random) => new()
        {
            NodeId = config.NodeId,
            ClusterId = meta.ClusterId,
            IncarnationId = RandomIds.Next(random),
            Endpoints = [.. config.Listeners.AdvertisedOfController.Select(BrokerLifecycle.EndpointOf)],
            BootstrapRecords = bootstrap,
            KRaftVersion = kraftVersion,
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
