using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Storage;
using KafkaCompat.Storage.Files;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker;

/// <summary>
/// A node of both roles below its sockets: directory, quorum, controller, broker, started and stopped in this order and its
/// reverse. Nothing here knows the disk, the clock or randomness but by what it is given, so that a whole node can run in a test.
/// </summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly MetadataLog _metadataLog;
    private readonly MetadataPublisher _publisher;
    private readonly ControllerLoop _controller;
    private readonly QuorumLoop _quorum;
    private readonly BrokerService _broker;
    private readonly BrokerLifecycle _lifecycle;

    private BrokerNode(
        MetadataLog metadataLog, MetadataPublisher publisher, ControllerLoop controller, QuorumLoop quorum, BrokerService broker,
        BrokerLifecycle lifecycle)
    {
        _metadataLog = metadataLog;
        _publisher = publisher;
        _controller = controller;
        _quorum = quorum;
        _broker = broker;
        _lifecycle = lifecycle;
    }

    public BrokerService Broker => _broker;

    /// <summary>Fails when a part that the node cannot do without has failed: the quorum's disk, the controller.</summary>
    public Task Completion => Task.WhenAny(_quorum.Completion, _controller.Completion).Unwrap();

    /// <summary>Starts a node; when it returns, the node leads its partitions and may be given connections.</summary>
    public static async Task<BrokerNode> StartAsync(ServerConfig config, IFileStore files, TimeProvider time, Random random, ILoggerFactory logs)
    {
        if (!config.Node.IsBroker || !config.Node.IsController)
            throw new ConfigurationException("process.roles must be broker,controller: a node of one role alone is not served.");
        if (config.LogDirs.Count > 1)
            throw new ConfigurationException($"log.dirs names {config.LogDirs.Count} directories: KafkaCompat serves one.");
        var path = config.LogDirs[0];
        var environment = new LogEnvironment(files, time, random) { ProducerIdExpirationMs = config.GetInt("producer.id.expiration.ms") };
        var directory = OpenDirectory(config, environment, path, random);
        try
        {
            return await Start(config, directory, environment, time, random, logs);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public Task Serve(ConnectionContext connection, string listenerName) => _broker.Serve(connection, listenerName);

    /// <summary>An orderly end: the controller moves leadership away, partitions close, the directory is marked clean.</summary>
    public async ValueTask DisposeAsync()
    {
        await _lifecycle.DisposeAsync();
        await _controller.StopAsync();
        await _quorum.StopAsync();
        _metadataLog.Close();
        await _broker.DisposeAsync();
        _controller.Dispose();
        _quorum.Dispose();
        _publisher.Dispose();
        _metadataLog.Dispose();
    }

    private static LogDirectory OpenDirectory(ServerConfig config, LogEnvironment environment, string path, Random random)
    {
        var directory = LogDirectory.Open(environment, path);
        if (directory.Meta is null)
        {
            StandaloneFormat.Format(config, environment, path, NewId(random), NewId(random));
            directory.Dispose();
            directory = LogDirectory.Open(environment, path);
        }
        var meta = directory.Meta!;
        if (meta.NodeId != config.NodeId)
        {
            directory.Dispose();
            throw new ConfigurationException($"Stored node id {meta.NodeId} doesn't match previous node id {config.NodeId} in {path}. If you moved your data, "
                + "make sure your configured node id matches. If you intend to create a new node, you should remove all data in your data directories.");
        }
        return directory;
    }

    private static async Task<BrokerNode> Start(
        ServerConfig config, LogDirectory directory, LogEnvironment environment, TimeProvider time, Random random, ILoggerFactory logs)
    {
        var meta = directory.Meta!;
        var directoryId = meta.DirectoryId ?? Uuid.Zero;
        var metadataLog = MetadataLog.Open(environment, directory.Path, MetadataLogSettings(config));
        var publisher = new MetadataPublisher(
            new SnapshotPolicy(config.GetLong("metadata.log.max.record.bytes.between.snapshots"), config.GetLong("metadata.log.max.snapshot.interval.ms")), time);
        var controller = new ControllerLoop(ControllerSettingsOf(config, meta.ClusterId, metadataLog, NewId(random)), time, random);
        var quorum = new QuorumLoop(metadataLog, QuorumSettingsOf(config, directoryId), publisher, NoPeers.Instance, time, random);
        publisher.Leading = controller.OnLeading;
        publisher.SnapshotDue = (id, image) => quorum.SnapshotAsync(
            id, new QuorumSnapshot(image.Provenance.TimestampMs, quorum.KRaftVersion, null, [.. MetadataSnapshot.Records(image)]));
        quorum.Start();
        controller.Start(quorum);
        await await Task.WhenAny(controller.Active, quorum.Completion);

        var broker = new BrokerService(config, meta.ClusterId, directory, controller, quorum.Describe, time, random, logs);
        broker.Metadata.KRaftVersion = quorum.KRaftVersion;
        var lifecycle = new BrokerLifecycle(config, meta.ClusterId, directoryId, NewId(random), controller, publisher, time);
        broker.BrokerEpoch = await lifecycle.RegisterAsync();
        broker.LoadDirectory(publisher.Image);
        foreach (var listener in broker.MetadataListeners) await publisher.AttachAsync(listener);
        broker.Start();
        await lifecycle.UnfenceAsync();
        return new BrokerNode(metadataLog, publisher, controller, quorum, broker, lifecycle);
    }

    private static ControllerSettings ControllerSettingsOf(ServerConfig config, string clusterId, MetadataLog log, Uuid incarnationId) => new()
    {
        NodeId = config.NodeId,
        ClusterId = clusterId,
        IncarnationId = incarnationId,
        Endpoints = [.. config.Listeners.AdvertisedOfController.Select(static e => new Endpoint(e.Name, e.Host, e.Port, 0))],
        BootstrapRecords = log.ReadLatestSnapshot()?.Records ?? [],
        TopicConfigs = new TopicConfigRules(config),
        DefaultPartitions = config.GetInt("num.partitions"),
        DefaultReplicationFactor = (short)config.GetInt("default.replication.factor"),
        MinInSyncReplicas = config.GetInt("min.insync.replicas"),
        IsUncleanElectionEnabled = config.GetBool("unclean.leader.election.enable"),
        IsTopicDeletionEnabled = config.GetBool("delete.topic.enable"),
        SessionTimeoutMs = config.GetInt("broker.session.timeout.ms"),
        MaxIdleIntervalMs = config.GetInt("metadata.max.idle.interval.ms"),
    };

    private static QuorumSettings QuorumSettingsOf(ServerConfig config, Uuid directoryId) => new()
    {
        Raft = new RaftSettings(
            new ReplicaKey(config.NodeId, directoryId), config.GetInt("controller.quorum.election.timeout.ms"), config.GetInt("controller.quorum.fetch.timeout.ms")),
        StaticVoters = new VoterSet([.. config.Node.StaticVoters.Select(static v => new Voter(new ReplicaKey(v.Id, Uuid.Zero), [new Endpoint("", v.Host, v.Port, 0)]))]),
        MaxRetentionBytes = config.GetLong("metadata.max.retention.bytes"),
        MaxRetentionMs = config.GetLong("metadata.max.retention.ms"),
    };

    private static LogSettings MetadataLogSettings(ServerConfig config) => new()
    {
        SegmentBytes = config.GetInt("metadata.log.segment.bytes"),
        SegmentMs = config.GetLong("metadata.log.segment.ms"),
        RetentionMs = -1,
        RetentionBytes = -1,
        DeletesOldSegments = false,
    };

    private static Uuid NewId(Random random) => RandomIds.Next(random);
}
