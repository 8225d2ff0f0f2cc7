using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Coordination;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Broker.Tests.Quorum;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>
/// When a start has thrown, or a stop has returned, nothing of the node writes or logs any more: whoever waited may have given its files to somebody else.
/// </summary>
public sealed class NodeStopTests
{
    private const int Partitions = 4;

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    /// <summary>The disk does not answer while the start makes the logs that the metadata knows and the disk has lost.</summary>
    [Theory]
    [InlineData(nameof(IFileStore.CreateFolder), "/data/t-1")]
    [InlineData(nameof(IFileStore.Open), "/data/__cluster_metadata-0")]
    [InlineData(nameof(IFileStore.List), "/data")]
    [InlineData(nameof(IFileStore.Open), "/data/u-0")]
    public async Task A_start_that_is_told_to_end_waits_for_what_it_asked_of_the_disk(string operation, string path)
    {
        await using (var node = await Start(_files, new RecordedLines(LogLevel.Trace), IWorkThreads.None, null))
        {
            await CreateTopic(node, "t", Partitions);
            await CreateTopic(node, "u", 1);
        }
        for (var i = 0; i < Partitions; i++) _files.DeleteFolder($"/data/t-{i}");
        _files.Delete("/data/.kafka_cleanshutdown");
        using var answers = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var operations = 0;
        var slow = new HookedFileStore(_files)
        {
            Before = (what, where) =>
            {
                _ = Interlocked.Increment(ref operations);
                if (what != operation || !where.StartsWith(path, StringComparison.Ordinal)) return;
                _ = asked.TrySetResult();
                answers.Wait();
            },
        };
        using var stop = new CancellationTokenSource();
        var lines = new RecordedLines(LogLevel.Trace);
        var threads = new PoolThreads();
        var time = new CountedTime();
        var starting = Task.Run(() => Start(slow, lines, threads, new NodeStart(time, lines, stop.Token), time), CancellationToken.None);
        // What was so at the moment when the start had thrown, before anybody could look.
        var atTheEnd = starting.ContinueWith(
            _ => (answers.IsSet, threads.UnderWay, Operations: Volatile.Read(ref operations), Lines: lines.Lines.Count),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await asked.Task;
        var timers = time.Timers;
        await stop.CancelAsync();
        // Where the start does not wait for the disk itself, it ends its quorum first.
        if (path == "/data/t-1") await Eventually.Is(() => time.Timers < timers || starting.IsCompleted);
        answers.Set();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        var ended = await atTheEnd;
        Assert.True(ended.IsSet);
        Assert.Equal(0, ended.UnderWay);
        Assert.DoesNotContain(lines.Lines, static line => line.Contains("   at ", StringComparison.Ordinal));
        // The directory is free, and what the next life finds there is whole; nothing of the first one comes between.
        await using (var node = await Start(_files, new RecordedLines(LogLevel.Trace), IWorkThreads.None, null))
        {
            Assert.Equal(Partitions + 1, node.Broker.Partitions.Count);
        }
        Assert.Equal((ended.Operations, ended.Lines), (Volatile.Read(ref operations), lines.Lines.Count));
    }

    [Fact]
    public async Task A_start_that_is_told_to_end_says_what_failed_meanwhile()
    {
        var lines = new RecordedLines(LogLevel.Error);
        await using (await Start(_files, lines, IWorkThreads.None, null)) { }
        using var stop = new CancellationTokenSource();
        var failing = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (operation != nameof(IFileStore.Open) || !path.StartsWith("/data/__cluster_metadata-0/", StringComparison.Ordinal)) return;
                stop.Cancel();
                throw new IOException("Input/output error");
            },
        };
        var ended = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Start(failing, lines, IWorkThreads.None, new NodeStart(TimeProvider.System, lines, stop.Token)));
        Assert.Contains("Input/output error", Assert.IsType<IOException>(ended.InnerException, exactMatch: false).Message, StringComparison.Ordinal);
        await using var node = await Start(_files, lines, IWorkThreads.None, null);
    }

    [Fact]
    public async Task A_coordinator_that_ends_waits_for_the_log_that_it_reads()
    {
        var time = new ManualTime();
        using var wheel = new TimerWheel(time);
        var lines = new RecordedLines(LogLevel.Trace);
        var log = new MemoryShardLog();
        var first = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(time, wheel, lines, TaskScheduler.Default)) { PartitionCount = 1 };
        first.Lead(0, log);
        await Eventually.Is(() => first.LoadedPartitions == 1);
        await first.DisposeAsync();

        using var answers = new ManualResetEventSlim();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.GapAtEnd = 1;
        log.Reading = () =>
        {
            _ = asked.TrySetResult();
            answers.Wait();
        };
        var coordinator = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(time, wheel, lines, TaskScheduler.Default)) { PartitionCount = 1 };
        coordinator.Lead(0, log);
        await asked.Task;
        var said = lines.Lines.Count;
        // It resigned before the node ends, and its load is still to be waited for.
        coordinator.Resign(0);
        var ending = coordinator.DisposeAsync().AsTask();
        Assert.False(ending.IsCompleted);
        answers.Set();
        await ending;
        Assert.Equal(said, lines.Lines.Count);
        Assert.Equal(0, coordinator.LoadedPartitions);
    }

    [Fact]
    public async Task Who_asked_a_controller_that_never_led_hears_that_it_has_stopped()
    {
        var random = new Random(3);
        var config = QuorumHost.Config("/data");
        var meta = DirectoryFormat.Prepare(_files, config, TimeProvider.System.GetUtcNow(), random);
        using var directory = LogDirectory.Open(new LogEnvironment(_files, TimeProvider.System, random), "/data");
        var surroundings = new NodeSurroundings(TimeProvider.System, random, NullLoggerFactory.Instance);
        await using var node = QuorumNode.Open(config, directory.Environment, meta, surroundings);
        var metadata = new BrokerMetadata(new DynamicBrokerConfig(config, NullLogger.Instance), meta.ClusterId);
        await using var controller = new ControllerRole(config, meta, node, metadata, surroundings);
        controller.Loop.Start(node.Quorum, node.Metadata);
        var asked = controller.Loop.Ask(new ControllerRequest(new UnregisterBrokerRequest { BrokerId = 1 }, 0));
        await controller.Loop.StopAsync();
        _ = await Assert.ThrowsAsync<NotControllerException>(() => asked);
        _ = await Assert.ThrowsAsync<NotControllerException>(() => controller.Loop.Ask(new ControllerRequest(new UnregisterBrokerRequest { BrokerId = 1 }, 0)));
        // The quorum, which stops after it, may still win its election.
        controller.Loop.OnLeading(new LeadershipStart(1, 0, true), new MetadataLoader());
    }

    private static Task<BrokerNode> Start(IFileStore files, RecordedLines lines, IWorkThreads threads, NodeStart? start, TimeProvider? time = null) =>
        BrokerNode.StartAsync(TestNode.ConfigOf(("log.dirs", "/data")), files, time ?? TimeProvider.System, new Random(5), lines, threads, start: start);

    private static async Task CreateTopic(BrokerNode node, string name, int partitions)
    {
        var connection = new MemoryConnection();
        var client = new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
        var request = new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 } }, TimeoutMs = 60_000 };
        Assert.Equal(ErrorCode.None, (await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
        client.CloseSending();
    }

    /// <summary>Threads for the disk, as the program has them, which tell how much is under way.</summary>
    private sealed class PoolThreads : IWorkThreads
    {
        private int _underWay;

        public int UnderWay => Volatile.Read(ref _underWay);

        public async Task Run(Action work)
        {
            _ = Interlocked.Increment(ref _underWay);
            try
            {
                await Task.Run(work);
            }
            finally
            {
                _ = Interlocked.Decrement(ref _underWay);
            }
        }
    }
}
