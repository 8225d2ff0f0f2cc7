using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Quorum;
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
    private readonly QuorumNode _quorum;
    private readonly BrokerService _broker;
    private readonly BrokerLifecycle _lifecycle;
    private readonly bool _isShutdownControlled;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _diskFailure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BrokerNode(QuorumNode quorum, BrokerService broker, BrokerLifecycle lifecycle, bool isShutdownControlled, DirectoryHealth health, ILogger logger)
    {
        _quorum = quorum;
        _broker = broker;
        _lifecycle = lifecycle;
        _isShutdownControlled = isShutdownControlled;
        _logger = logger;
        health.Failed += cause => _diskFailure.TrySetException(new IOException($"The log directory has failed: {cause.Message}", cause));
    }

    public BrokerService Broker => _broker;

    /// <summary>Ends, or fails, when a part has ended that the node cannot do without: its disk, its quorum, its controller.</summary>
    public Task Completion => Task.WhenAny(_diskFailure.Task, _quorum.Completion).Unwrap();

    /// <summary>Starts a node; when it returns, the node leads its partitions and may be given connections.</summary>
    public static async Task<BrokerNode> StartAsync(ServerConfig config, IFileStore files, TimeProvider time, Random random, ILoggerFactory logs)
    {
        if (!config.Node.IsBroker || !config.Node.IsController)
            throw new ConfigurationException("process.roles must be broker,controller: a node of one role alone is not served.");
        if (config.LogDirs.Count > 1)
            throw new ConfigurationException($"log.dirs names {config.LogDirs.Count} directories: KafkaCompat serves one.");
        var meta = DirectoryFormat.Prepare(files, config, time.GetUtcNow(), random);
        var environment = new LogEnvironment(files, time, random) { ProducerIdExpirationMs = config.GetInt("producer.id.expiration.ms") };
        if (config.WriteBehindBytes > 0) environment.WriteBehind = new WriteBehind(config.WriteBehindBytes, environment.Health);
        var directory = LogDirectory.Open(environment, config.LogDirs[0]);
        QuorumNode? quorum = null;
        try
        {
            quorum = QuorumNode.Open(config, environment, meta, time, random);
            return await Start(config, directory, meta, quorum, time, random, logs);
        }
        catch
        {
            if (quorum is not null) await quorum.DisposeAsync();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Serves a connection that a listener accepted, until it ends.</summary>
    public Task Serve(ConnectionContext connection, string listenerName) => _broker.Serve(connection, listenerName);

    /// <summary>
    /// An orderly end: the controller moves leadership away, partitions close, the directory is marked clean. Where the disk or
    /// the quorum has failed it ends without the mark, so that the next start checks the files.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_isShutdownControlled && !_diskFailure.Task.IsCompleted) await _lifecycle.ShutDownAsync();
            await _lifecycle.DisposeAsync();
            await _quorum.DisposeAsync();
        }
        catch (Exception e) when (e is NotControllerException or IOException or OperationCanceledException)
        {
            BrokerNodeLog.StoppedInDisorder(_logger, e);
        }
        finally
        {
            await _broker.DisposeAsync();
        }
    }

    private static async Task<BrokerNode> Start(
        ServerConfig config, LogDirectory directory, MetaProperties meta, QuorumNode quorum, TimeProvider time, Random random, ILoggerFactory logs)
    {
        await quorum.StartAsync();
        var broker = new BrokerService(config, meta.ClusterId, directory, quorum.Controller, quorum.Quorum.Describe, time, random, logs);
        broker.Metadata.KRaftVersion = quorum.Quorum.KRaftVersion;
        var lifecycle = new BrokerLifecycle(quorum, config, meta.ClusterId, [meta.DirectoryId!.Value], directory.BrokerEpochAtShutdown, time, random);
        await lifecycle.RegisterAsync();
        broker.BrokerEpoch = lifecycle.Epoch;
        broker.LoadDirectory(quorum.Metadata.Image);
        foreach (var listener in broker.MetadataListeners) await quorum.Metadata.AttachAsync(listener);
        broker.Start();
        await lifecycle.UnfenceAsync();
        return new BrokerNode(
            quorum, broker, lifecycle, config.GetBool("controlled.shutdown.enable"), directory.Health, logs.CreateLogger("kafkacompat.node"));
    }
}
