using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Handlers.Configs;
using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Handlers.Transactions;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Metrics;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// The broker of a node without its quorum: partitions, handlers, connections. Metadata comes in step by step through
/// <see cref="MetadataListeners"/>; what changes metadata goes out through <see cref="Controller"/>, and behind it stands what this node's controller decides. So the same
/// broker stands over a quorum of one or a controller in a test.
/// </summary>
public sealed class BrokerService : IAsyncDisposable
{
    private readonly ServerConfig _config;
    private readonly LogDirectories _directories;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionSurroundings _connections;
    private readonly ConnectionLimits _limits;
    private readonly DispatchTable _dispatch;
    private readonly DispatchTable _controllerDispatch;
    private readonly PartitionKeeper _keeper;
    private readonly LogKeeper _logs;
    private readonly MetadataEvents _events;
    private readonly DirectoryAssignments _assignments;
    private readonly LogSyncer _syncer;
    private readonly ProducerIdBlock _producerIds;
    private readonly CoordinatorPartitions<GroupShard> _groups;
    private readonly CompactionNotices _compaction;
    private readonly FetchSessionCache _sessions;
    private readonly ProduceHandler _produce;
    private readonly FetchHandler _fetch;
    private readonly LoggerLevels _loggers;
    private readonly TimerWheel _groupWheel;

    /// <summary>
    /// How long the connections of a node that stops have to end in order. Nothing is waited for on purpose then, so this is for a slow disk and for
    /// peers that do not read; what is left afterwards is reset.
    /// </summary>
    public const int ShutdownDrainMs = 2_000;

    /// <summary>How long connections that were reset have to end: what their handlers have begun still ends, and only a disk that does not answer keeps them longer.</summary>
    public const int ResetDrainMs = 1_000;

    /// <summary>
    /// How long those who work on files have to end at a stop, one after the other: groups, background tasks, syncs, writes behind. Only a disk that does not answer keeps one longer,
    /// and the directories on other disks are closed then. The disk of the metadata log is not meant: the quorum ends before, and for it the stop waits.
    /// </summary>
    public const int DiskDrainMs = 15_000;

    /// <summary>What each of them has where those before it have used all of <see cref="DiskDrainMs"/>.</summary>
    public const int DiskDrainLeastMs = 1_000;

    public BrokerService(
        ServerConfig config, string clusterId, LogDirectories directories, IController controller, Func<QuorumDescription> quorum, TimeProvider time,
        Random random, ILoggerFactory logs, IBatchThreads? batchThreads = null, NodeSeams? seams = null)
    {
        batchThreads ??= IBatchThreads.None;
        _config = config;
        _directories = directories;
        Connections = new OpenConnections(config.Listeners.All.Select(static listener => listener.Name));
        // What records, groups and chores go by, and what peers wait for: in the program one clock.
        var engineTime = seams?.EngineTime ?? time;
        _time = engineTime;
        _logger = logs.CreateLogger("kafkacompat.node");
        Wheel = new TimerWheel(engineTime);
        _limits = new ConnectionLimits(config.GetInt(ConfigKeys.SocketRequestMaxBytes), config.GetLong(ConfigKeys.ConnectionsMaxIdleMs))
        {
            Memory = config.GetLong(ConfigKeys.QueuedMaxRequestBytes) is > 0 and var maxBytes ? new RequestMemory(maxBytes) : null,
            Faults = new PeerFaults(engineTime),
            Answers = new AnswerMemory(AnswerMemory.MaxUnreadBytes, Wheel, engineTime),
            DecodeThreads = batchThreads,
        };
        _groupWheel = ReferenceEquals(engineTime, time) ? Wheel : new TimerWheel(time);
        Requests = new RequestMetrics(engineTime);
        Settings = new DynamicBrokerConfig(config, logs.CreateLogger("kafkacompat.configs"));
        Settings.Changed += ApplySettings;
        Metadata = new BrokerMetadata(Settings, clusterId);
        Quotas = new ClientQuotas(config, engineTime);
        _connections = new ConnectionSurroundings(_limits, Quotas, Wheel, engineTime, logs.CreateLogger("kafkacompat.connections"))
        {
            Metrics = Requests,
            Requests = new RequestLog(logs.CreateLogger("kafkacompat.requests")),
        };
        Telemetry = new ClientTelemetry(config.GetInt(ConfigKeys.TelemetryMaxBytes), config.ClientTelemetry, engineTime, random);
        _loggers = (logs as ILeveledLoggerFactory)?.Levels ?? new LoggerLevels(LogLevel.Information);
        var logLogger = logs.CreateLogger("kafkacompat.logs");
        _syncer = new LogSyncer(time);
        _keeper = new PartitionKeeper(Partitions, directories, Metadata, Settings, _syncer, time, logLogger) { Placed = PlacedReplica };
        _events = new MetadataEvents(config.NodeId, logs.CreateLogger("kafkacompat.metadata"));
        _compaction = new CompactionNotices(Metadata, logLogger);
        _logs = new LogKeeper(Partitions, directories, config, time, logLogger);
        var alteration = new ConfigAlteration(config.NodeId, _loggers);
        _controllerDispatch = new ControllerHandlers(new ControllerParts
        {
            Config = config,
            Metadata = Metadata,
            Telemetry = Telemetry,
            Loggers = _loggers,
            Alteration = alteration,
            Authorizer = seams?.Authorizer,
            Controller = controller,
            Channel = new DirectController(controller, seams?.Authorizer),
            Quorum = quorum,
            Time = engineTime,
        }).ToTable(controller);
        Controller = new LocalController(_controllerDispatch, controller);
        if (seams?.ControllerChannel is { } between) Controller = between(Controller);
        _assignments = new DirectoryAssignments(Controller, config.NodeId, () => BrokerEpoch, engineTime, logLogger);
        Topics = new TopicCreator(Controller, Metadata, config);
        _producerIds = new ProducerIdBlock(Controller, config.NodeId, () => BrokerEpoch);
        var surroundings = new ShardSurroundings(time, _groupWheel, logs.CreateLogger("kafkacompat.groups"), seams?.Turns ?? TaskScheduler.Default);
        // As the handlers read it, so that no offset seems to be of a topic that is only about to be there.
        var coordinator = Groups = new GroupCoordinator(GroupSettingsOf(config), surroundings, () => Metadata.Current);
        _groups = new CoordinatorPartitions<GroupShard>(coordinator, Partitions, Wheel, config.NodeId);
        _sessions = new FetchSessionCache(config.GetInt(ConfigKeys.MaxIncrementalFetchSessionCacheSlots), random, engineTime);
        Refusals = new DataRefusals(logs.CreateLogger("kafkacompat.produce"), time);
        var handlers = new BrokerHandlers(new BrokerParts
        {
            Config = config,
            Metadata = Metadata,
            Telemetry = Telemetry,
            Loggers = _loggers,
            Alteration = alteration,
            Authorizer = seams?.Authorizer,
            Channel = Controller,
            Partitions = Partitions,
            Directories = directories.All,
            Wheel = Wheel,
            BatchThreads = batchThreads,
            Sessions = _sessions,
            Quotas = Quotas,
            Refusals = Refusals,
            Groups = coordinator,
            Topics = Topics,
            ProducerIds = _producerIds,
            Unserved = new UnservedFeatures(logs.CreateLogger("kafkacompat.requests")),
            NewGuid = NewGuid,
        });
        (_produce, _fetch) = (handlers.Produce, handlers.Fetch);
        _dispatch = handlers.ToTable(Controller);
        if (config.ClientTelemetry == TelemetryAdvertising.Off) _dispatch = _dispatch.Without(ApiKey.GetTelemetrySubscriptions, ApiKey.PushTelemetry);
        seams?.Interceptor?.Attach(Metadata);
        _dispatch.Intercept(seams?.Interceptor);
        _controllerDispatch.Intercept(seams?.Interceptor);

        void PlacedReplica(Uuid topicId, int partition, Uuid directory) => _assignments!.Add(topicId, partition, directory);

        Guid NewGuid()
        {
            Span<byte> bytes = stackalloc byte[16];
            lock (random) random.NextBytes(bytes);
            return new Guid(bytes);
        }
    }

    /// <summary>The way to the active controller.</summary>
    public IControllerChannel Controller { get; }

    public PartitionTable Partitions { get; } = new();

    public BrokerMetadata Metadata { get; }

    /// <summary>The broker's settings, which the metadata may change.</summary>
    public DynamicBrokerConfig Settings { get; }

    public TopicCreator Topics { get; }

    /// <summary>What clients push of their own metrics.</summary>
    public ClientTelemetry Telemetry { get; }

    /// <summary>The quotas of clients, which the metadata holds.</summary>
    public ClientQuotas Quotas { get; }

    /// <summary>What peers wait for hangs here; the deadlines of groups on another wheel where they go by another clock.</summary>
    public TimerWheel Wheel { get; }

    /// <summary>What requests of all connections may take together; null where nobody bounds it.</summary>
    public RequestMemory? RequestMemory => _limits.Memory;

    /// <summary>What unread answers of all connections take.</summary>
    public AnswerMemory AnswerMemory => _limits.Answers!;

    /// <summary>What the objects of large requests take.</summary>
    public DecodeMemory DecodeMemory => _limits.Decoding;

    /// <summary>What was asked, how often and how long it took.</summary>
    public RequestMetrics Requests { get; }

    /// <summary>The coordinator of the groups that are here.</summary>
    public GroupCoordinator Groups { get; }

    /// <summary>What was refused of produce and fetch requests.</summary>
    public DataRefusals Refusals { get; }

    /// <summary>What happened to the metadata since the node started.</summary>
    public MetadataEvents Events => _events;

    /// <summary>Where the partitions lie.</summary>
    public LogDirectories Directories => _directories;

    /// <summary>Fetches that wait for bytes.</summary>
    public int WaitingFetches => _fetch.Waiting;

    /// <summary>Produce requests that wait for their acknowledgement.</summary>
    public int WaitingProduces => _produce.Waiting;

    /// <summary>Fetch sessions that are remembered.</summary>
    public int FetchSessions => _sessions.Count;

    /// <summary>
    /// Who hears of new metadata, in the order in which they have to: partitions, then what handlers answer from, then
    /// what has settings of the broker, quotas, then the coordinators, then the log of what was changed. So a client that reads of a leader here finds it leading, and a coordinator finds its partition.
    /// </summary>
    public IReadOnlyList<IMetadataListener> MetadataListeners => [_keeper, Metadata, Settings, Quotas, Telemetry, _groups, _compaction, _events];

    /// <summary>The connections that are served now.</summary>
    public OpenConnections Connections { get; }

    /// <summary>Whether partitions could not be opened for a reason that passes; the next step of metadata, of any kind, has them tried again.</summary>
    public bool HasRefusedPartitions => _keeper.HasRefused;

    /// <summary>Ends, or fails, when the chores of the logs do: nothing would be made durable or deleted any more.</summary>
    public Task Completion => Task.WhenAny(_syncer.Completion, _logs.Completion).Unwrap();

    /// <summary>What the controller gave this broker when it registered.</summary>
    public long BrokerEpoch { get; set; } = -1;

    /// <summary>Opens the logs of the directories that <paramref name="image"/> knows. Before the first step is published.</summary>
    public Task LoadDirectory(MetadataImage image)
    {
        ApplySettings(Settings.Of(image));
        return _keeper.LoadDirectory(image);
    }

    /// <summary>Raised when other directories take no new partitions than before; the controller has to hear of it.</summary>
    public event Action? CordonsChanged;

    /// <summary>Starts the chores.</summary>
    public void Start()
    {
        _syncer.Start();
        foreach (var directory in _directories.All) directory.Environment.WriteBehind?.Start();
        _logs.Start();
    }

    /// <summary>
    /// Begins to tell the controller which directories hold the replicas. Once the broker is unfenced and leaders are elected, as in Kafka: a replica whose
    /// directory was lost has an empty log in its place by now, and must not come to lead with that.
    /// </summary>
    public void TellDirectories() => _assignments.Start();

    /// <summary>Hands settings that Kafka changes while a broker runs to those of this node who keep them; topics' defaults are the keeper's.</summary>
    private void ApplySettings(ServerConfig config)
    {
        foreach (var directory in _directories.All) directory.Environment.ProducerIdExpirationMs = config.GetInt(ConfigKeys.ProducerIdExpirationMs);
        var cordoned = _directories.CordonedIds;
        _directories.Cordon(directory => config.IsCordoned(directory.Path));
        if (!cordoned.SequenceEqual(_directories.CordonedIds)) CordonsChanged?.Invoke();
    }

    private static GroupSettings GroupSettingsOf(ServerConfig config) => new()
    {
        InitialRebalanceDelayMs = config.GetInt(ConfigKeys.GroupInitialRebalanceDelayMs),
        MinSessionTimeoutMs = config.GetInt(ConfigKeys.GroupMinSessionTimeoutMs),
        MaxSessionTimeoutMs = config.GetInt(ConfigKeys.GroupMaxSessionTimeoutMs),
        MaxSize = config.GetInt(ConfigKeys.GroupMaxSize),
        OffsetMetadataMaxLength = config.GetInt(ConfigKeys.OffsetMetadataMaxBytes),
        ConsumerSessionTimeoutMs = config.GetInt(ConfigKeys.GroupConsumerSessionTimeoutMs),
        OffsetsCommitTimeoutMs = config.GetInt(ConfigKeys.OffsetsCommitTimeoutMs),
        OffsetsCodec = (CompressionType)config.GetInt(ConfigKeys.OffsetsTopicCompressionCodec),
        OffsetsRetentionMs = config.GetInt(ConfigKeys.OffsetsRetentionMinutes) * 60_000L,
        OffsetsRetentionCheckIntervalMs = config.GetLong(ConfigKeys.OffsetsRetentionCheckIntervalMs),
    };

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public async Task Serve(ConnectionContext connection, string listenerName)
    {
        var dispatch = _config.Listeners.ControllerNames.Contains(listenerName) ? _controllerDispatch : _dispatch;
        var served = new KafkaConnection(connection, listenerName, dispatch, _connections);
        Connections.Add(served);
        try
        {
            await served.RunAsync();
        }
        finally
        {
            Connections.Remove(served);
        }
    }

    /// <summary>
    /// Ends all connections in order, as the first thing of a stop, when no more are accepted: fetches that wait are answered with what there is, members of
    /// groups that wait are sent to look for their coordinator, everything else that was begun is done and answered. At most <see cref="ShutdownDrainMs"/>;
    /// returns how many connections are left.
    /// </summary>
    public async Task<int> DrainAsync()
    {
        var drained = Connections.DrainAsync();
        Partitions.EndWaits();
        _groups.Close();
        await drained.WaitAsync(TimeSpan.FromMilliseconds(ShutdownDrainMs), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return Connections.Count;
    }

    /// <summary>Lets those end who serve connections that were reset. At most <see cref="ResetDrainMs"/>; returns how many connections are left.</summary>
    public async Task<int> DrainResetAsync()
    {
        await Connections.DrainAsync().WaitAsync(TimeSpan.FromMilliseconds(ResetDrainMs), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return Connections.Count;
    }

    /// <summary>
    /// Set where the node ends because a part of it has failed. As Kafka's halts then, the directories are left without the mark of a clean shutdown: nobody
    /// knows what the failure has kept from being done, and the next start looks.
    /// </summary>
    public bool EndsInDisorder { get; set; }

    /// <summary>Stops serving partitions and closes the directories as a clean shutdown does: the next start trusts the files.</summary>
    public async ValueTask DisposeAsync()
    {
        var steps = new StopSteps(_logger);
        await steps.Take(_assignments.DisposeAsync);
        await steps.Take(Topics.Ended);
        using var drained = new CancellationTokenSource(TimeSpan.FromMilliseconds(DiskDrainMs), _time);
        await EndDiskWork(steps, "the groups", Groups.DisposeAsync, drained.Token);
        await EndDiskWork(steps, "the background tasks", _logs.DisposeAsync, drained.Token);
        await EndDiskWork(steps, "the syncs", () => new ValueTask(_syncer.Stop()), drained.Token);
        await EndDiskWork(steps, "the writes behind", async () => await Task.WhenAll(_directories.All.Select(static directory => directory.Environment.WriteBehind?.Stop() ?? Task.CompletedTask)), drained.Token);
        var isInOrder = !EndsInDisorder && !steps.HasFailed;
        try
        {
            await Task.WhenAll(_directories.All.Select(directory => Close(directory, isInOrder)));
        }
        finally
        {
            steps.Take(Wheel.Dispose);
            steps.Take(_groupWheel.Dispose);
            steps.Take(_producerIds.Dispose);
            steps.Take(Refusals.Dispose);
            steps.Take(Telemetry.Dispose);
        }
    }

    /// <summary>
    /// Ends a part of what works on files beside those who produce. With a disk that does not answer it may never end, and the stop goes on: what the part still does to
    /// a log that is closed meanwhile, the log refuses.
    /// </summary>
    private async Task EndDiskWork(StopSteps steps, string what, Func<ValueTask> end, CancellationToken drained)
    {
        var ending = steps.Take(end).AsTask();
        await ending.WaitAsync(drained).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await ending.WaitAsync(TimeSpan.FromMilliseconds(DiskDrainLeastMs), _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!ending.IsCompleted) BrokerNodeLog.DiskWorkGoesOn(_logger, what, DiskDrainMs);
    }

    /// <summary>Closes a directory with its partitions, away from the others: a disk that does not answer keeps its own from ending cleanly, and no other.</summary>
    private async Task Close(LogDirectory directory, bool isInOrder)
    {
        await Task.Yield();
        var steps = new StopSteps(_logger);
        var highWatermarks = new Dictionary<TopicPartition, long>();
        foreach (var partition in Partitions.All)
        {
            if (partition.Log.Health != directory.Health) continue;
            highWatermarks[partition.Log.Partition] = partition.HighWatermark;
            steps.Take(partition.Close);
        }
        if (isInOrder && !steps.HasFailed) await directory.CloseCleanly(BrokerEpoch, highWatermarks);
        else directory.Dispose();
    }
}
