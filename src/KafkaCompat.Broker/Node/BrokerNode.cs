using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>
/// A node of both roles below its sockets: directory, quorum, controller, broker, started and stopped in this order and its
/// reverse. Nothing here knows the disk, the clock or randomness but by what it is given, so that a whole node can run in a test.
/// </summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly NodeDirectories _directories;
    private readonly QuorumNode _quorum;
    private readonly BrokerService _broker;
    private readonly BrokerLifecycle _lifecycle;
    private readonly RefusedPartitions _refused;
    private readonly bool _isShutdownControlled;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _diskHasFailed;
    private readonly TaskCompletionSource _diskFailure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BrokerNode(NodeDirectories directories, QuorumNode quorum, BrokerService broker, BrokerLifecycle lifecycle, bool isShutdownControlled, TimeProvider time, ILogger logger)
    {
        _directories = directories;
        _quorum = quorum;
        _broker = broker;
        _lifecycle = lifecycle;
        _isShutdownControlled = isShutdownControlled;
        _time = time;
        _logger = logger;
        _refused = new RefusedPartitions(() => broker.HasRefusedPartitions, quorum.Metadata.RepeatAsync, time);
        _refused.Start();
        _diskHasFailed = _diskFailure.Task.Followed();
        Health = new NodeHealth(broker, DescribeQuorum);
        var shortages = new ShortageLines(time, logger);
        foreach (var directory in directories.Data.All.Append(directories.Metadata).Distinct())
        {
            directory.Health.Lacked += shortages.Refused;
            directory.Health.Failed += cause => OnFailed(directory, cause);
            // It may have failed while the node started.
            if (directory.Health.Cause is { } earlier) OnFailed(directory, earlier);
        }
    }

    public BrokerService Broker => _broker;

    /// <summary>The way to this node's controller.</summary>
    public IControllerChannel Controller => _broker.Controller;

    /// <summary>Whether the node can serve, and what is in the way.</summary>
    public NodeHealth Health { get; }

    /// <summary>Its metrics, under a meter of their own that lives until the result is disposed of.</summary>
    public BrokerMetrics CreateMetrics(string version) => new(_broker, DescribeQuorum, () => _quorum.Controller.TrackedQuotas, () => Health.IsStopping, version, _time);

    /// <summary>How the quorum stands.</summary>
    public QuorumDescription DescribeQuorum() => _quorum.Quorum.Describe();

    /// <summary>Ends, or fails, when a part has ended that the node cannot do without: its disk, its quorum, its controller, the chores of its logs.</summary>
    public Task Completion => Task.WhenAny(_diskHasFailed, _quorum.Completion, _broker.Completion, _refused.Completion).Unwrap();

    /// <summary>
    /// Starts a node; when it returns, the node leads its partitions and may be given connections. Without <paramref name="diskThreads"/> the disk is waited for on
    /// the threads that have something to do there, and without <paramref name="batchThreads"/> batches are decompressed on those that received them. The program uses
    /// none of <paramref name="seams"/>. <paramref name="start"/> tells how the start goes and may end it, which throws <see cref="OperationCanceledException"/>. However it ends,
    /// when it has, nothing of it writes or logs any more; so it ends no sooner than the disk has answered what it was asked.
    /// </summary>
    public static async Task<BrokerNode> StartAsync(
        ServerConfig config, IFileStore files, TimeProvider time, Random random, ILoggerFactory logs, IDiskThreads? diskThreads = null,
        IBatchThreads? batchThreads = null, NodeSeams? seams = null, NodeStart? start = null)
    {
        if (!config.Node.IsBroker || !config.Node.IsController)
            throw new ConfigurationException(NodeRoles.OneAloneIsNotServed);
        var logger = logs.CreateLogger("kafkacompat.node");
        start ??= new NodeStart(time, logs);
        var directories = NodeDirectories.Open(config, files, time, random, diskThreads ?? IDiskThreads.None, start.Recovery, logger);
        start.Identity = new NodeIdentity(directories.Meta.NodeId, directories.Meta.ClusterId);
        var engineTime = seams?.EngineTime ?? time;
        QuorumNode? quorum = null;
        try
        {
            start.Stage = StartStage.MetadataLog;
            quorum = QuorumNode.Open(config, directories.Metadata.Environment, directories.Meta, engineTime, random, seams?.Turns);
            return await Start(config, directories, quorum, time, engineTime, random, logs, batchThreads, seams, start);
        }
        catch (Exception failure)
        {
            var steps = new StopSteps(logger);
            if (quorum is not null) await steps.Take(quorum.DisposeAsync);
            steps.Take(directories.Dispose);
            var told = Told(failure);
            // A start that was told to end has done so. Whoever told it hears what failed on its way out: a disk, most of all.
            if (start.Stop.IsCancellationRequested) throw new OperationCanceledException("The start was told to end.", told ?? failure, start.Stop);
            if (told is not null) throw told;
            throw;
        }

        // Null where the failure says by itself what there is to say.
        IOException? Told(Exception failure)
        {
            if (FileShortage.IsOfDescriptors(failure.GetBaseException()))
                return new IOException($"{failure.Message}. {FileShortage.Remedy}", failure);
            // What failed after that is a consequence: one line tells of the disk.
            return directories.Metadata.Health.Cause is { } cause
                ? new IOException($"The log directory {directories.Metadata.Path}, which holds the metadata log, has failed: {cause.Message}", cause)
                : null;
        }
    }

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public Task Serve(ConnectionContext connection, string listenerName) => _broker.Serve(connection, listenerName);

    /// <summary>
    /// An orderly end: the controller moves leadership away, partitions close, the directories are marked clean. Where a disk or
    /// the quorum has failed it ends without the mark, so that the next start checks the files.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var hasFailed = _quorum.Completion.IsFaulted || _broker.Completion.IsFaulted;
        var steps = new StopSteps(_logger);
        await steps.Take(_refused.DisposeAsync);
        if (_isShutdownControlled && !_diskFailure.Task.IsCompleted) await steps.Take(_lifecycle.ShutDownAsync);
        await steps.Take(_lifecycle.DisposeAsync);
        await steps.Take(_quorum.DisposeAsync);
        _broker.EndsInDisorder = hasFailed || steps.HasFailed;
        try
        {
            await _broker.DisposeAsync();
        }
        finally
        {
            _directories.Dispose();
        }
    }

    /// <summary>One of several directories is lost with its partitions; the metadata log's, or the last one, is the end of the node.</summary>
    private void OnFailed(LogDirectory directory, Exception cause)
    {
        if (directory == _directories.Metadata || !_directories.Data.Online.Any())
        {
            _ = _diskFailure.TrySetException(new IOException($"The log directory {directory.Path} has failed: {cause.Message}", cause));
            return;
        }
        BrokerNodeLog.DirectoryFailed(_logger, directory.Path, cause.Message);
        _lifecycle.ReportDirectories();
    }

    private static async Task<BrokerNode> Start(
        ServerConfig config, NodeDirectories directories, QuorumNode quorum, TimeProvider time, TimeProvider engineTime, Random random, ILoggerFactory logs,
        IBatchThreads? batchThreads, NodeSeams? seams, NodeStart start)
    {
        await quorum.StartAsync(start.Stop);
        directories.Complete(quorum.Metadata.Image.Brokers.GetValueOrDefault(config.NodeId));
        var (meta, data) = (directories.Meta, directories.Data);
        var logger = logs.CreateLogger("kafkacompat.node");
        if (config.ClusterId is { } wanted && wanted != meta.ClusterId) BrokerNodeLog.OtherCluster(logger, wanted, meta.ClusterId, config.MetadataLogDir);
        var broker = new BrokerService(config, meta.ClusterId, data, quorum.Controller, quorum.Quorum.Describe, time, random, logs, batchThreads, seams);
        broker.Metadata.KRaftVersion = quorum.Quorum.KRaftVersion;
        var lifecycle = new BrokerLifecycle(broker.Controller, quorum.Metadata, config, meta.ClusterId, [.. data.All.Select(static directory => directory.Id)], data.BrokerEpochAtShutdown, engineTime, random)
        {
            Logger = logger,
            FailedDirectories = () => data.FailedIds,
            CordonedDirectories = () => data.CordonedIds,
        };
        // What the start waits for. It is not left to itself where the start is to end: it would go on with files that are somebody else's by then.
        var underWay = Task.CompletedTask;
        try
        {
            start.Stage = StartStage.Registration;
            await UnlessStopped(lifecycle.RegisterAsync());
            broker.BrokerEpoch = lifecycle.Epoch;
            start.Stage = StartStage.Logs;
            await broker.LoadDirectory(quorum.Metadata.Image);
            start.Stage = StartStage.Leadership;
            foreach (var listener in broker.MetadataListeners) await UnlessStopped(quorum.Metadata.AttachAsync(listener).AsTask());
            broker.Start();
            await UnlessStopped(lifecycle.UnfenceAsync());
            broker.CordonsChanged += lifecycle.ReportDirectories;
            broker.TellDirectories();
            await UnlessStopped(InitialTopics.Create(config.Topics, broker.Metadata, broker.Controller, config, logger));
            // Here and not where they were read: a start that is refused has one line to say, and it is not this one.
            foreach (var settings in UnservedSettings.WithoutEffect(config)) BrokerNodeLog.SetWithoutEffect(logger, string.Join(", ", settings), settings.Key);
            if (config.Explicit.TryGetValue(ConfigKeys.LogCleanupPolicy, out var policy) && policy.Contains("compact", StringComparison.Ordinal)) BrokerNodeLog.CompactsByDefault(logger, policy);
            return new BrokerNode(directories, quorum, broker, lifecycle, config.GetBool(ConfigKeys.ControlledShutdownEnable), engineTime, logger);
        }
        catch
        {
            // A process may go on without this node: nothing of it stays behind. The quorum goes first: it may be handing partitions to the broker, and whoever waits for it
            // or for the controller has an answer when it has ended.
            var steps = new StopSteps(logger);
            await steps.Take(quorum.DisposeAsync);
            await underWay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await steps.Take(lifecycle.DisposeAsync);
            broker.EndsInDisorder = true;
            await steps.Take(broker.DisposeAsync);
            throw;
        }

        Task UnlessStopped(Task step)
        {
            underWay = step;
            return step.WaitAsync(start.Stop);
        }
    }
}
