using System.Collections.Concurrent;
using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>A node of two disks, one of which takes long, or does not answer: it keeps its own partitions waiting, and nobody else.</summary>
public sealed class SlowDiskTests : IAsyncDisposable
{
    private const string Slow = "/disk1";

    private readonly ManualTime _time = new();
    private readonly DiskOfTests _disk;
    private readonly RecordedLines _lines = new(LogLevel.Information);
    private readonly NamedThreads _threads = new();
    private BrokerNode? _node;

    public SlowDiskTests() => _disk = new DiskOfTests(_time);

    [Fact]
    public async Task Appends_to_a_disk_that_does_not_answer_keep_no_other_connection_waiting()
    {
        var node = await Start();
        await CreateTopic(node, 2);
        // The metadata is applied on threads that no directory's appends can take.
        Assert.Same(_threads, node.Broker.Directories.DiskThreads);
        var begun = _threads.Begun(Slow);
        var (first, second, third, healthy) = (Connect(), Connect(), Connect(), Connect());
        _disk.Hang();
        // Nobody knows of it before the first append, which keeps the thread of its connection.
        Elsewhere(() => first.Post(Records.Produce("t", Records.Batch(), 1), 12));
        await _disk.HasHung;
        _time.Advance(TimeSpan.FromMilliseconds(SlowAppends.SlowMs + 1));

        // These are read on the thread of this test, which goes on.
        _ = await second.Post(Records.Produce("t", Records.Batch(2), 1), 12);
        _ = await second.Post(Records.Produce("t", Records.Batch(3), 1), 12);
        _ = await second.Post(ListEnd(), 7);
        _ = await third.Post(Records.Produce("t", Records.Batch(4), 1, acks: 0), 12);
        _ = await third.Post(ListEnd(), 7);
        await Eventually.Is(() => _threads.Begun(Slow) == begun + 2);
        Assert.Equal(0, await Records.Send(healthy, "t", Records.Batch()));
        Assert.Equal(1, await Records.Send(healthy, "t", Records.Batch()));
        var metadata = await healthy.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        Assert.Equal(2, metadata.Topics[0].Partitions.Count);
        // The third batch is not looked at before the second is in the log.
        Assert.Equal(begun + 2, _threads.Begun(Slow));

        _disk.GoOn();
        Assert.Equal(0, BaseOffset(await first.Receive()));
        var before = BaseOffset(await second.Receive());
        var behind = BaseOffset(await second.Receive());
        Assert.True(before < behind, $"{before} < {behind}");
        Assert.InRange(End(await second.Receive()), behind + 3, 10);
        // Whether it came before the others or behind them, it is there when the next request of its connection is answered.
        Assert.InRange(End(await third.Receive()), 5, 10);
        await Eventually.Is(() => node.Broker.Partitions.Find("t", 1)!.HighWatermark == 10);
        Assert.Contains(_lines.Lines, static line => line.StartsWith($"An append to the log directory {Slow} has taken 51 ms.", StringComparison.Ordinal));
        Assert.Single(_lines.Lines, static line => line.Contains("An append to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task So_many_requests_wait_for_a_disk_and_no_more()
    {
        var node = await Start();
        await CreateTopic(node, 2);
        _disk.Hang();
        Elsewhere(() => Connect().Post(Records.Produce("t", Records.Batch(), 1), 12));
        await _disk.HasHung;
        _time.Advance(TimeSpan.FromMilliseconds(SlowAppends.SlowMs + 1));
        var begun = _threads.Begun(Slow);
        for (var i = 0; i < ProduceHandler.MaxWaitingForDisk; i++) _ = await Connect().Post(Records.Produce("t", Records.Batch(), 1), 12);
        await Eventually.Is(() => _threads.Begun(Slow) == begun + ProduceHandler.MaxWaitingForDisk);
        var client = Connect();
        var refused = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(), 1), 12);
        Assert.Equal(ErrorCode.KafkaStorageError, refused.Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch()));
        _disk.GoOn();
        await Eventually.Is(() => node.Broker.Partitions.Find("t", 1)!.Log.LogEndOffset == 1 + ProduceHandler.MaxWaitingForDisk);
        Assert.Equal(1 + ProduceHandler.MaxWaitingForDisk, await Records.Send(client, "t", Records.Batch(), 1));
    }

    [Fact]
    public async Task A_disk_that_is_fast_again_has_its_appends_made_on_the_spot()
    {
        var node = await Start();
        await CreateTopic(node, 2);
        var client = Connect();
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(), 1));
        _disk.TakesMs = SlowAppends.SlowMs + 1;
        Assert.Equal(1, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal(2, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch()));
        _disk.TakesMs = 0;
        _time.Advance(TimeSpan.FromMilliseconds(SlowAppends.SlowForMs));
        Assert.Equal(3, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal(4, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal([null, null, Slow, Slow, null], _disk.Writers);
        Assert.Contains(_lines.Lines, static line => line.StartsWith($"Appends to the log directory {Slow} are fast again", StringComparison.Ordinal));
        Assert.Null(node.Broker.Partitions.Find("t", 1)!.Log.SlowDisk);
        Assert.Equal(2, node.Broker.Directories.All[1].Environment.Appends.Count);
    }

    /// <summary>A coordinator's partition lies on the slow disk: who commits waits for it, and the thread of the connection does not.</summary>
    [Fact]
    public async Task A_coordinator_appends_to_a_slow_disk_on_its_threads()
    {
        var node = await Start(("offsets.topic.num.partitions", "2"));
        var client = Connect();
        var found = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = { "g" } }, 4);
        await Eventually.Is(() => node.Broker.Groups.LoadedPartitions == 2);
        Assert.Single(found.Coordinators);
        await CreateTopic(node, 1);
        Assert.Equal(ErrorCode.None, Error(await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(Slowest(node)), 8)));
        _disk.TakesMs = SlowAppends.SlowMs + 1;
        Assert.Equal(ErrorCode.None, Error(await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(Slowest(node)), 8)));
        Assert.Null(_disk.Writers[^1]);
        _disk.Hang();
        _ = await client.Post(Commit(Slowest(node)), 8);
        await _disk.HasHung;
        Assert.Equal(Slow, _disk.Writers[^1]);
        Assert.Equal(0, await Records.Send(Connect(), "t", Records.Batch()));
        _disk.GoOn();
        Assert.Equal(ErrorCode.None, Error(MemoryClient.Decode<OffsetCommitRequest, OffsetCommitResponse>((await client.Receive())!, 8)));

        static ErrorCode Error(OffsetCommitResponse response) => response.Topics[0].Partitions[0].ErrorCode;
    }

    public async ValueTask DisposeAsync()
    {
        _disk.GoOn();
        if (_node is not null) await _node.DisposeAsync();
        _disk.Dispose();
    }

    /// <summary>On a thread of its own, which the disk may hold: the pool has few.</summary>
    private static void Elsewhere(Func<Task> work) => new Thread(() => _ = work()) { IsBackground = true }.Start();

    /// <summary>A group whose partition lies on the slow disk.</summary>
    private static string Slowest(BrokerNode node) => Enumerable.Range(0, 100).Select(static i => $"g{i}").First(group =>
        node.Broker.Partitions.Find("__consumer_offsets", ShardPartition.For(group, 2))!.Log.Folder.StartsWith(Slow, StringComparison.Ordinal));

    private static OffsetCommitRequest Commit(string group) => new()
    {
        GroupId = group,
        GenerationIdOrMemberEpoch = -1,
        Topics = { new() { Name = "t", Partitions = { new() { CommittedOffset = 0 } } } },
    };

    private static ListOffsetsRequest ListEnd() =>
        new() { ReplicaId = -1, Topics = { new() { Name = "t", Partitions = { new() { PartitionIndex = 1, Timestamp = -1 } } } } };

    private static long BaseOffset(byte[]? frame) =>
        MemoryClient.Decode<ProduceRequest, ProduceResponse>(frame!, 12).Responses[0].PartitionResponses[0].BaseOffset;

    private static long End(byte[]? frame) => MemoryClient.Decode<ListOffsetsRequest, ListOffsetsResponse>(frame!, 7).Topics[0].Partitions[0].Offset;

    private async Task<BrokerNode> Start(params (string Name, string Value)[] settings) => _node = await BrokerNode.StartAsync(
        TestNode.ConfigOf([("log.dirs", "/disk0,/disk1"), .. settings]), _disk.Files, _time, new Random(5), _lines, _threads,
        seams: new NodeSeams { EngineTime = TimeProvider.System });

    private MemoryClient Connect()
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, _node!.Serve(connection, "PLAINTEXT"));
    }

    private async Task CreateTopic(BrokerNode node, int partitions)
    {
        var request = new CreateTopicsRequest { Topics = { new() { Name = "t", NumPartitions = partitions, ReplicationFactor = 1 } }, TimeoutMs = 60_000 };
        var created = await Connect().Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
        Assert.NotNull(node.Broker.Partitions.Find("t", partitions - 1));
    }

    /// <summary>Two disks in memory. Writes to one of them take time, or do not end before it is told so.</summary>
    private sealed class DiskOfTests : IDisposable
    {
        private readonly ManualTime _time;
        private readonly TaskCompletionSource _hasHung = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _mayGoOn = new(initialState: true);

        public DiskOfTests(ManualTime time)
        {
            _time = time;
            Files = new HookedFileStore(new ForgetfulFileStore(time)) { BeforeWrite = Write };
        }

        public HookedFileStore Files { get; }

        /// <summary>Whose threads wrote to the slow disk's logs, in order; null for none of a disk's.</summary>
        public List<string?> Writers { get; } = [];

        public Task HasHung => _hasHung.Task;

        /// <summary>How long a write to a log takes.</summary>
        public int TakesMs { get; set; }

        public void Hang() => _mayGoOn.Reset();

        public void GoOn() => _mayGoOn.Set();

        public void Dispose() => _mayGoOn.Dispose();

        private void Write(string path)
        {
            if (!path.StartsWith(Slow, StringComparison.Ordinal) || !path.EndsWith(".log", StringComparison.Ordinal)) return;
            lock (Writers) Writers.Add(NamedThreads.Here);
            if (TakesMs > 0) _time.Advance(TimeSpan.FromMilliseconds(TakesMs));
            if (_mayGoOn.IsSet) return;
            _ = _hasHung.TrySetResult();
            _mayGoOn.Wait();
        }
    }

    /// <summary>Threads by name, as the program has them.</summary>
    private sealed class NamedThreads : IWorkThreads
    {
        private readonly ConcurrentDictionary<string, int> _begun = new(StringComparer.Ordinal);

        private readonly ConcurrentDictionary<string, Named> _named = new(StringComparer.Ordinal);

        [ThreadStatic]
        private static string? t_name;

        /// <summary>Of whose threads the present one is.</summary>
        public static string? Here => t_name;

        public int Begun(string name) => _begun.GetValueOrDefault(name);

        public IWorkThreads Of(string name) => _named.GetOrAdd(name, static (name, all) => new Named(all, name), this);

        public Task Run(Action work) => Task.Run(work);

        private sealed class Named(NamedThreads all, string name) : IWorkThreads
        {
            private const int MaxThreads = 4;

            private readonly Queue<Action> _waiting = new();
            private int _threads;

            /// <summary>As the program's: a few threads at most, and what is behind them waits without one.</summary>
            public Task Run(Action work)
            {
                _ = all._begun.AddOrUpdate(name, 1, static (_, count) => count + 1);
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (_waiting)
                {
                    _waiting.Enqueue(() =>
                    {
                        try
                        {
                            RunHere(work);
                            done.SetResult();
                        }
                        catch (Exception failure)
                        {
                            done.SetException(failure);
                        }
                    });
                    if (_threads == MaxThreads) return done.Task;
                    _threads++;
                }
                new Thread(Serve) { IsBackground = true }.Start();
                return done.Task;
            }

            private void Serve()
            {
                while (true)
                {
                    Action next;
                    lock (_waiting)
                    {
                        if (!_waiting.TryDequeue(out next!))
                        {
                            _threads--;
                            return;
                        }
                    }
                    next();
                }
            }

            private void RunHere(Action work)
            {
                t_name = name;
                try
                {
                    work();
                }
                finally
                {
                    t_name = null;
                }
            }
        }
    }
}
