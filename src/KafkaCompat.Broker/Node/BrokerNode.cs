using System.Runtime.ExceptionServices;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// A node below its sockets: its directories and the metadata's quorum, and over them the roles of <c>process.roles</c>. The roles know the metadata and the
/// way to the controller, and nothing of each other. Nothing here knows the disk, the clock or randomness but by what it is given, so that a whole node can run
/// in a test.
/// </summary>
/// <remarks>
/// Start: directories → metadata log → controller → broker. Stop: the broker leaves the cluster, the controller ends, then the quorum that it appends to, whose
/// last records the broker still applies, then the broker with its partitions, then the directories.
/// </remarks>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly NodeDirectories _directories;
    private readonly QuorumNode _quorum;
    private readonly ControllerRole _controller;
    private readonly BrokerRole _broker;
    private readonly NodeSurroundings _surroundings;
    private readonly ILogger _logger;
    private readonly Task _diskHasFailed;
    private readonly Task _parts;
    private readonly TaskCompletionSource _diskFailure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BrokerNode(NodeDirectories directories, QuorumNode quorum, ControllerRole controller, BrokerRole broker, NodeSurroundings surroundings)
    {
        _directories = directories;
        _quorum = quorum;
        _controller = controller;
        _broker = broker;
        _surroundings = surroundings;
        _logger = surroundings.NodeLogger;
        _diskHasFailed = _diskFailure.Task.Followed();
        Health = new NodeHealth(Broker, DescribeQuorum, broker.Topics.Missing);
        var shortages = new RepeatedEvent(surroundings.EngineTime);
        foreach (var directory in directories.Data.All.Append(directories.Metadata).Distinct())
        {
            directory.Health.ShortageMet += cause =>
            {
                // Whatever it was that needed a file, and whichever directory has it.
                if (shortages.Happened(out var refused)) BrokerNodeLogMessages.LacksDescriptors(_logger, refused, cause.Message.TrimEnd('.'));
            };
            directory.Health.Failed += cause => OnFailed(directory, cause);
            // A disk that is slow now and then changes often.
            var slow = new RepeatedEvent(surroundings.EngineTime);
            var isLogged = false;
            directory.Environment.Appends.BecameSlow += tookMs =>
            {
                isLogged = slow.Happened(out _);
                if (isLogged) BrokerNodeLogMessages.AppendsAreSlow(_logger, directory.Path, tookMs);
            };
            directory.Environment.Appends.BecameFast += ms =>
            {
                if (isLogged) BrokerNodeLogMessages.AppendsAreFast(_logger, directory.Path, ms);
            };
            // It may have failed while the node started.
            if (directory.Health.Cause is { } earlier) OnFailed(directory, earlier);
        }
        _parts = surroundings.Faults.Watch(Task.WhenAny(_diskHasFailed, quorum.Completion, controller.Completion, broker.Completion).Unwrap());
    }

    public BrokerService Broker => _broker.Service;

    /// <summary>The way to this node's controller.</summary>
    public IControllerChannel Controller => Broker.Controller;

    /// <summary>Whether the node can serve, and what is in the way.</summary>
    public NodeHealth Health { get; }

    /// <summary>Its metrics, under a meter of their own that lives until the result is disposed of.</summary>
    public BrokerMetrics CreateMetrics(string version) =>
        new(Broker, DescribeQuorum, () => _controller.Loop.TrackedQuotas, () => Health.IsStopping, version, _surroundings.EngineTime);

    /// <summary>How the quorum stands.</summary>
    public QuorumDescription DescribeQuorum() => _quorum.Quorum.Describe();

    /// <summary>
    /// Ends, or fails, when a part has ended that the node cannot do without: its disk, its quorum, its controller, the background tasks of its logs.
    /// Fails of a broken invariant wherever that was met; no answer has left the node since.
    /// </summary>
    public Task Completion => Task.WhenAny(_surroundings.Faults.Completion, _parts).Unwrap();

    /// <summary>
    /// Starts a node; when it returns, the node leads its partitions and may be given connections. Without <paramref name="diskThreads"/> the disk is waited
    /// for on the threads that have something to do there, and without <paramref name="batchThreads"/> batches are decompressed on those that received them.
    /// The program uses none of <paramref name="seams"/>. <paramref name="start"/> reports how the start goes and may end it, which throws
    /// <see cref="OperationCanceledException"/>. However it ends, when it has, nothing of it writes or logs any more; so it ends no sooner than the disk has
    /// answered what it was asked.
    /// </summary>
    public static async Task<BrokerNode> StartAsync(
        ServerConfig config, IFileStore files, TimeProvider time, Random random, ILoggerFactory logs, IWorkThreads? diskThreads = null,
        IWorkThreads? batchThreads = null, NodeSeams? seams = null, NodeStart? start = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (!config.Node.IsBroker || !config.Node.IsController)
            throw new ConfigurationException(NodeRoles.OneAloneIsNotServed);
        var surroundings = new NodeSurroundings(time, random, logs)
        {
            DiskThreads = diskThreads ?? IWorkThreads.None,
            BatchThreads = batchThreads ?? IWorkThreads.None,
            Seams = seams ?? NodeSeams.None,
        };
        start ??= new NodeStart(time, logs);
        var directories = NodeDirectories.Open(config, files, start.Recovery, surroundings);
        surroundings.Faults.OnFirst(broken => BrokerNodeLogMessages.InvariantBroken(surroundings.NodeLogger, broken));
        surroundings.Faults.OnFirst(directories.Fail);
        start.Identity = new NodeIdentity(directories.Meta.NodeId, directories.Meta.ClusterId);
        QuorumNode? quorum = null;
        ControllerRole? controller = null;
        BrokerRole? broker = null;
        try
        {
            start.Stage = StartStage.MetadataLog;
            quorum = QuorumNode.Open(config, directories.Metadata.Environment, directories.Meta, surroundings);
            var metadata = new BrokerMetadata(new DynamicBrokerConfig(config, logs.CreateLogger("kafkacompat.configs")), directories.Meta.ClusterId)
            {
                KRaftVersion = quorum.Quorum.KRaftVersion,
            };
            controller = new ControllerRole(config, directories.Meta, quorum, metadata, surroundings);
            quorum.Start();
            await controller.StartAsync(start.Stop);
            directories.Complete(quorum.Metadata.Image);
            LogOtherCluster(config, directories.Meta, surroundings.NodeLogger);
            broker = NewBroker(config, directories, quorum, metadata, controller, surroundings);
            await broker.StartAsync(start);
            LogSettings(config, surroundings.NodeLogger);
            return new BrokerNode(directories, quorum, controller, broker, surroundings);
        }
        catch (Exception failure)
        {
            _ = surroundings.Faults.Report(failure);
            // A process may go on without this node: nothing of it stays behind. The quorum goes before the broker: it may be handing partitions to it, and
            // whoever waits for it or for the controller has an answer when it has ended.
            var steps = new StopSteps(surroundings.NodeLogger, surroundings.Faults);
            if (controller is not null) await steps.Take(controller.DisposeAsync);
            if (quorum is not null) await steps.Take(quorum.DisposeAsync);
            if (broker is not null)
            {
                broker.Service.EndsInDisorder = true;
                await steps.Take(broker.DisposeAsync);
                broker.Service.Connections.Dispose();
            }
            steps.Take(directories.Dispose);
            if (surroundings.Faults.First is { } broken) ExceptionDispatchInfo.Throw(broken);
            var explained = Explain(failure);
            // A start that was stopped has ended. The caller that stopped it hears what failed on the way out, such as a disk.
            if (start.Stop.IsCancellationRequested) throw new OperationCanceledException("The start was stopped.", explained ?? failure, start.Stop);
            if (explained is not null) throw explained;
            throw;
        }

        // Null where the failure says by itself what there is to say.
        IOException? Explain(Exception failure)
        {
            if (FileShortage.IsOfDescriptors(failure.GetBaseException()))
                return new IOException($"{failure.Message}. {FileShortage.Remedy}", failure);
            // What failed after that is a consequence: one line names the disk.
            return directories.Metadata.Health.Cause is { } cause
                ? new IOException($"The log directory {directories.Metadata.Path}, which holds the metadata log, has failed: {cause.Message}", cause)
                : null;
        }
    }

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public Task Serve(ConnectionContext connection, string listenerName)
    {
        var isOfController = Broker.Settings.Configured.Listeners.ControllerNames.Contains(listenerName);
        return Broker.Connections.Serve(connection, listenerName, isOfController ? _controller.Served : Broker.Served);
    }

    /// <summary>
    /// An orderly end: the controller moves leadership away, partitions close, the directories are marked clean. Where a disk or
    /// the quorum has failed it ends without the mark, so that the next start checks the files. Throws where an invariant was found broken only meanwhile.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var faults = _surroundings.Faults;
        var earlier = faults.First;
        var hasFailed = _quorum.Completion.IsFaulted || _controller.Completion.IsFaulted || _broker.Service.Completion.IsFaulted;
        var hasLeft = await _broker.Leave(isControlled: !_diskFailure.Task.IsCompleted && earlier is null);
        var steps = new StopSteps(_logger, faults);
        await steps.Take(_controller.DisposeAsync);
        await steps.Take(_quorum.DisposeAsync);
        Broker.EndsInDisorder = hasFailed || !hasLeft || steps.HasFailed || faults.First is not null;
        try
        {
            await _broker.DisposeAsync();
        }
        finally
        {
            Broker.Connections.Dispose();
            _directories.Dispose();
        }
        // Whoever stops it has nobody else to hear it from.
        if (earlier is null && faults.First is { } broken) ExceptionDispatchInfo.Throw(broken);
    }

    /// <summary>One of several directories is lost with its partitions; the metadata log's, or the last one, is the end of the node.</summary>
    private void OnFailed(LogDirectory directory, Exception cause)
    {
        // An invariant of a log may have been met where only disks are thought of.
        if (_surroundings.Faults.Report(cause)) return;
        if (directory == _directories.Metadata || !_directories.Data.Online.Any())
        {
            _ = _diskFailure.TrySetException(new IOException($"The log directory {directory.Path} has failed: {cause.Message}", cause));
            return;
        }
        BrokerNodeLogMessages.DirectoryFailed(_logger, directory.Path, cause.Message);
        _broker.ReportDirectories();
    }

    private static BrokerRole NewBroker(
        ServerConfig config, NodeDirectories directories, QuorumNode quorum, BrokerMetadata metadata, ControllerRole controller,
        NodeSurroundings surroundings)
    {
        var data = directories.Data;
        var service = new BrokerService(config, metadata, data, controller.Channel, new NodeConnections(config, surroundings), surroundings);
        var registration = OwnRegistration.Of(
            config, directories.Meta.ClusterId, RandomIds.Next(surroundings.Random), data.All.Select(static directory => directory.Id),
            data.BrokerEpochAtShutdown);
        var interval = TimeSpan.FromMilliseconds(config.GetInt(ConfigKeys.BrokerHeartbeatIntervalMs));
        var lifecycle = new BrokerLifecycle(controller.Channel, quorum.Metadata, registration, interval, surroundings.EngineTime)
        {
            Logger = surroundings.NodeLogger,
            Faults = surroundings.Faults,
            FailedDirectories = () => data.FailedIds,
            CordonedDirectories = () => data.CordonedIds,
            RegistrationTimeoutMs = config.GetInt(ConfigKeys.InitialBrokerRegistrationTimeoutMs),
            IsControllerGone = () => quorum.Completion.IsCompleted || controller.Completion.IsCompleted,
        };
        return new BrokerRole(config, service, lifecycle, quorum.Metadata, surroundings);
    }

    private static void LogOtherCluster(ServerConfig config, MetaProperties meta, ILogger logger)
    {
        if (config.ClusterId is { } wanted && wanted != meta.ClusterId)
            BrokerNodeLogMessages.OtherCluster(logger, wanted, meta.ClusterId, config.MetadataLogDir);
    }

    /// <summary>Of settings that have no effect. Not where they were read: a start that is refused has one line to say, and it is not this one.</summary>
    private static void LogSettings(ServerConfig config, ILogger logger)
    {
        foreach (var settings in UnservedSettings.WithoutEffect(config))
            BrokerNodeLogMessages.SetWithoutEffect(logger, string.Join(", ", settings), settings.Key);
        if (config.Explicit.TryGetValue(ConfigKeys.LogCleanupPolicy, out var policy) && policy.Contains("compact", StringComparison.Ordinal))
            BrokerNodeLogMessages.CompactsByDefault(logger, policy);
    }
}
