using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Handlers.Configs;
using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Handlers.Transactions;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// What a broker serves: its partitions, its coordinators, the handlers over them. Metadata comes in step by step through <see cref="MetadataListeners"/>; what
/// changes metadata goes out through <see cref="Controller"/>. So the same broker stands over a quorum or over a controller in a test.
/// </summary>
public sealed class BrokerService : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FatalFaults _faults;
    private readonly BrokerPartitions _partitions;
    private readonly BrokerCoordinators _coordinators;
    private readonly DirectoryAssignments _assignments;
    private readonly ProducerIdBlock _producerIds;
    private readonly FetchSessionCache _sessions;
    private readonly ProduceHandler _produce;
    private readonly FetchHandler _fetch;

    /// <param name="config">As the node started.</param>
    /// <param name="metadata">What is known of the cluster; it hears of each step as one of <see cref="MetadataListeners"/>.</param>
    /// <param name="directories">Where the partitions lie.</param>
    /// <param name="controller">The way to the active controller.</param>
    /// <param name="connections">Whoever asks comes by these.</param>
    /// <param name="surroundings">What the node stands on.</param>
    public BrokerService(
        ServerConfig config, BrokerMetadata metadata, LogDirectories directories, IControllerChannel controller, NodeConnections connections,
        NodeSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(surroundings);
        var (logs, random, seams) = (surroundings.Logs, surroundings.Random, surroundings.Seams);
        // What records, groups and background tasks go by is the node's clock; what clients wait for may go by another one in a test.
        _time = surroundings.EngineTime;
        (_logger, _faults) = (surroundings.NodeLogger, surroundings.Faults);
        (Metadata, Directories, Controller, Connections) = (metadata, directories, controller, connections);
        _assignments = new DirectoryAssignments(controller, config.NodeId, () => BrokerEpoch, _time, logs.CreateLogger("kafkacompat.logs"))
        {
            Faults = _faults,
        };
        _partitions = new BrokerPartitions(config, metadata, directories, _assignments.Add, surroundings);
        _coordinators = new BrokerCoordinators(config, metadata, Partitions, connections.Wheel, surroundings);
        Telemetry = new ClientTelemetry(config.GetInt(ConfigKeys.TelemetryMaxBytes), config.ClientTelemetry, _time, random);
        Events = new MetadataChangeLogger(config.NodeId, logs.CreateLogger("kafkacompat.metadata"));
        Topics = new TopicCreator(controller, metadata, config, logs.CreateLogger("kafkacompat.metadata"));
        Refusals = new DataRefusals(logs.CreateLogger("kafkacompat.produce"), surroundings.Time);
        _producerIds = new ProducerIdBlock(controller, config.NodeId, () => BrokerEpoch);
        _sessions = new FetchSessionCache(config.GetInt(ConfigKeys.MaxIncrementalFetchSessionCacheSlots), random, _time);
        var handlers = new BrokerHandlers(new BrokerParts
        {
            Config = config,
            Metadata = metadata,
            Telemetry = Telemetry,
            IsTelemetryAdvertised = () => Telemetry.IsAdvertised,
            Loggers = surroundings.Levels,
            Alteration = new ConfigAlteration(config.NodeId, surroundings.Levels),
            Authorizer = seams.Authorizer,
            Channel = controller,
            Partitions = Partitions,
            Directories = directories.All,
            Wheel = connections.Wheel,
            BatchThreads = surroundings.BatchThreads,
            Sessions = _sessions,
            Quotas = connections.Quotas,
            Refusals = Refusals,
            Groups = Groups,
            Topics = Topics,
            ProducerIds = _producerIds,
            Unserved = new UnservedFeatures(logs.CreateLogger("kafkacompat.requests")),
            NewGuid = NewGuid,
        });
        (_produce, _fetch) = (handlers.Produce, handlers.Fetch);
        Served = handlers.ToTable(controller);
        if (config.ClientTelemetry == TelemetryAdvertising.Off) Served = Served.Without(ApiKey.GetTelemetrySubscriptions, ApiKey.PushTelemetry);
        seams.Interceptor?.Attach(metadata);
        Served.Intercept(seams.Interceptor);

        Guid NewGuid()
        {
            Span<byte> bytes = stackalloc byte[16];
            lock (random) random.NextBytes(bytes);
            return new Guid(bytes);
        }
    }

    /// <inheritdoc cref="BrokerPartitions.CordonsChanged"/>
    public event Action? CordonsChanged
    {
        add => _partitions.CordonsChanged += value;
        remove => _partitions.CordonsChanged -= value;
    }

    /// <summary>What is served on a broker's listeners.</summary>
    public DispatchTable Served { get; }

    /// <summary>The way to the active controller.</summary>
    public IControllerChannel Controller { get; }

    /// <summary>The node's connections, of all its listeners.</summary>
    public NodeConnections Connections { get; }

    /// <summary>What clients wait for hangs here.</summary>
    public TimerWheel Wheel => Connections.Wheel;

    public PartitionTable Partitions => _partitions.Table;

    public BrokerMetadata Metadata { get; }

    /// <summary>The broker's settings, which the metadata may change.</summary>
    public DynamicBrokerConfig Settings => Metadata.Settings;

    public TopicCreator Topics { get; }

    /// <summary>What clients push of their own metrics.</summary>
    public ClientTelemetry Telemetry { get; }

    /// <summary>The coordinator of the groups that are here.</summary>
    public GroupCoordinator Groups => _coordinators.Groups;

    /// <summary>What was refused of produce and fetch requests.</summary>
    public DataRefusals Refusals { get; }

    /// <summary>What happened to the metadata since the node started.</summary>
    public MetadataChangeLogger Events { get; }

    /// <summary>Where the partitions lie.</summary>
    public LogDirectories Directories { get; }

    /// <summary>Fetches that wait for bytes.</summary>
    public int WaitingFetches => _fetch.Waiting;

    /// <summary>Produce requests that wait for their acknowledgement.</summary>
    public int WaitingProduces => _produce.Waiting;

    /// <summary>Fetch sessions that are remembered.</summary>
    public int FetchSessions => _sessions.Count;

    /// <summary>
    /// Who hears of new metadata, in the order in which they have to: partitions, then what handlers answer from, then
    /// what has settings of the broker, quotas, then the coordinators, then the log of what was changed. So a client that reads of a leader here finds it
    /// leading, and a coordinator finds its partition.
    /// </summary>
    public IReadOnlyList<IMetadataListener> MetadataListeners =>
        [_partitions.Hosted, Metadata, Settings, Connections.Quotas, Telemetry, .. _coordinators.Listeners, _partitions.Compaction, Events];

    /// <inheritdoc cref="BrokerPartitions.HasRefused"/>
    public bool HasRefusedPartitions => _partitions.HasRefused;

    /// <inheritdoc cref="BrokerPartitions.Completion"/>
    public Task Completion => _partitions.Completion;

    /// <summary>What the controller gave this broker when it registered.</summary>
    public long BrokerEpoch { get; set; } = -1;

    /// <summary>
    /// Set where the node ends because a part of it has failed. As Kafka's halts then, the directories are left without the mark of a clean shutdown: nobody
    /// knows what the failure has kept from being done, and the next start looks.
    /// </summary>
    public bool EndsInDisorder { get; set; }

    /// <inheritdoc cref="BrokerPartitions.LoadDirectory"/>
    public Task LoadDirectory(MetadataImage image) => _partitions.LoadDirectory(image);

    /// <summary>Starts the background tasks.</summary>
    public void Start() => _partitions.Start();

    /// <summary>
    /// Begins to report to the controller which directories hold the replicas. Once the broker is unfenced and leaders are elected, as in Kafka: a replica
    /// whose directory was lost has an empty log in its place by now, and must not come to lead with that.
    /// </summary>
    public void ReportDirectories() => _assignments.Start();

    /// <summary>
    /// Ends all connections in order, as the first thing of a stop, when no more are accepted: fetches that wait are answered with what there is, members of
    /// groups that wait are sent to look for their coordinator, everything else that was begun is done and answered. At most
    /// <see cref="NodeConnections.ShutdownDrainMs"/>; returns how many connections are left.
    /// </summary>
    public Task<int> Drain() => Connections.Drain(() =>
    {
        Partitions.EndWaits();
        _coordinators.Close();
    });

    /// <summary>Stops serving partitions and closes the directories as a clean shutdown does: the next start trusts the files.</summary>
    public async ValueTask DisposeAsync()
    {
        var steps = new StopSteps(_logger, _faults);
        await steps.Take(_assignments.DisposeAsync);
        await steps.Take(Topics.Ended);
        using var work = new DiskWork(steps, _time, _logger);
        await work.End("the groups", _coordinators.DisposeAsync);
        await _partitions.Stop(work);
        try
        {
            _partitions.EpochAtEnd = EndsInDisorder || steps.HasFailed ? null : BrokerEpoch;
            await _partitions.DisposeAsync();
        }
        finally
        {
            steps.Take(_producerIds.Dispose);
            steps.Take(Refusals.Dispose);
            steps.Take(Telemetry.Dispose);
        }
    }
}
