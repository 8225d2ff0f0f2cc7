using KafkaCompat.Broker.Handlers.Data;
using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
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
    internal const string Slow = "/disk1";

    private readonly ManualTime _time = new();
    private readonly HurriedTime _engineTime = new(TimeSpan.FromMilliseconds(DiskWork.DrainMs));
    private readonly TwoDisks _disk;
    private readonly RecordedLines _lines = new(LogLevel.Information);
    private readonly NamedThreads _threads = new();
    private BrokerNode? _node;

    public SlowDiskTests() => _disk = new TwoDisks(_time);

    [Fact]
    public async Task Appends_to_a_disk_that_does_not_answer_keep_no_other_connection_waiting()
    {
        var node = await Start();
        await CreateTopic(node, 2);
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
        using var metrics = node.CreateMetrics("1");
        var measuring = Task.Run(metrics.Refresh, TestContext.Current.CancellationToken);
        await Eventually.Is(() => measuring.IsCompletedSuccessfully);
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
        _time.Advance(TimeSpan.FromMilliseconds(SlowAppends.MinSlowForMs));
        Assert.Equal(3, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal(4, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal([null, null, Slow, Slow, null], _disk.Writers);
        Assert.Contains(_lines.Lines, static line => line.StartsWith($"Appends to the log directory {Slow} are fast again", StringComparison.Ordinal));
        Assert.Null(node.Broker.Partitions.Find("t", 1)!.Log.SlowDisk);
        Assert.Equal(2, node.Broker.Directories.All[1].Environment.Appends.Count);
    }

    /// <summary>Who waits for an acknowledgement is answered when its time is over, whatever an append is waiting for by then.</summary>
    [Fact]
    public async Task The_time_out_of_an_acknowledgement_waits_for_no_append()
    {
        var node = await Start(("log.flush.interval.messages", "1"));
        await CreateTopic(node, 2);
        _disk.HangSyncs();
        var (first, second) = (Connect(), Connect());
        var waiting = Records.Produce("t", Records.Batch(), 1);
        waiting.TimeoutMs = 1_000;
        _ = await first.Post(waiting, 12);
        await _disk.HasHung;
        await Eventually.Is(() => node.Broker.WaitingProduces == 1);
        _disk.Hang();
        Elsewhere(() => second.Post(Records.Produce("t", Records.Batch(), 1), 12));
        await Eventually.Is(() => _disk.Hanging == 2);
        var answer = first.Receive();
        await Eventually.Is(() => answer.IsCompleted);
        var response = MemoryClient.Decode<ProduceRequest, ProduceResponse>((await answer)!, 12);
        Assert.Equal(ErrorCode.RequestTimedOut, response.Responses[0].PartitionResponses[0].ErrorCode);
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

    /// <summary>What the metadata asks of a disk that does not answer is done when it answers; nobody else waits for that.</summary>
    [Fact]
    public async Task Topics_are_made_and_deleted_on_the_other_disk()
    {
        var node = await Start();
        await CreateTopic(node, 2);
        var client = Connect();
        _disk.HangWhole();
        var deleting = Delete("t");
        await _disk.HasHung;
        await PassUntil(deleting);
        Assert.Equal(ErrorCode.None, (await deleting).Responses[0].ErrorCode);
        Assert.Contains(_lines.Lines, static line => line.StartsWith($"The log directory {Slow} has not done what", StringComparison.Ordinal));
        Assert.True(_disk.Inner.FolderExists(Slow + "/t-1"));
        // From here on nothing waits for that disk.
        await CreateTopic(node, 3, "u");
        Assert.All(node.Broker.Partitions.All, static partition => Assert.StartsWith("/disk0/", partition.Log.Folder, StringComparison.Ordinal));
        for (var partition = 0; partition < 3; partition++) Assert.Equal(0, await Records.Send(client, "u", Records.Batch(), partition));
        Assert.Equal(ErrorCode.None, (await Delete("u")).Responses[0].ErrorCode);
        Assert.Empty(node.Broker.Partitions.All);
        // The same name in another place, while its first folder still has it.
        await CreateTopic(node, 2);
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(), 1));
        Assert.Equal("/disk0/t-1", node.Broker.Partitions.Find("t", 1)!.Log.Folder);

        _disk.GoOn();
        await Eventually.Is(() => node.Broker.HasRefusedPartitions);
        Assert.False(_disk.Inner.FolderExists(Slow + "/t-1"));
        await CreateTopic(node, 2, "v");
        Assert.Contains(_lines.Lines, static line => line.StartsWith($"The log directory {Slow} has done all", StringComparison.Ordinal));
        Assert.Contains(node.Broker.Partitions.All, static partition => partition.Log.Folder.StartsWith(Slow, StringComparison.Ordinal));
        Assert.Equal(1, await Records.Send(client, "t", Records.Batch(), 1));
    }

    /// <summary>A topic that is made, deleted and made again while its disk does not answer is there once.</summary>
    [Fact]
    public async Task What_was_asked_of_a_disk_that_did_not_answer_is_done_as_the_metadata_says_in_the_end()
    {
        var node = await Start();
        _disk.HangWhole();
        var creating = Create(2, "t");
        await _disk.HasHung;
        await PassUntil(creating);
        Assert.NotNull(node.Broker.Partitions.Find("t", 0));
        Assert.Null(node.Broker.Partitions.Find("t", 1));
        Assert.Equal(ErrorCode.None, (await Delete("t")).Responses[0].ErrorCode);
        await CreateTopic(node, 2);
        var id = node.Broker.Metadata.Current.FindTopic("t")!.Id;
        _disk.GoOn();
        await Eventually.Is(() => node.Broker.HasRefusedPartitions);
        Assert.False(_disk.Inner.FolderExists(Slow + "/t-1"));
        await CreateTopic(node, 2, "v");
        Assert.Equal(4, node.Broker.Partitions.Count);
        Assert.All(node.Broker.Partitions.All.Where(static partition => partition.Topic == "t"), partition => Assert.Equal(id, partition.TopicId));
        var client = Connect();
        foreach (var topic in (string[])["t", "v"])
        {
            for (var partition = 0; partition < 2; partition++) Assert.Equal(0, await Records.Send(client, topic, Records.Batch(), partition));
        }
    }

    /// <summary>As before, where the disk stops answering in the middle of making a log, and where there is no other disk.</summary>
    [Theory]
    [InlineData("/disk0,/disk1")]
    [InlineData("/disk1")]
    public async Task A_log_whose_making_hangs_is_no_log_of_the_topic_that_has_its_name_by_then(string directories)
    {
        var node = await Start(("log.dirs", directories));
        _disk.HangWhole(Slow + "/t-1/");
        var creating = Create(2, "t");
        await _disk.HasHung;
        await PassUntil(creating);
        Assert.Null(node.Broker.Partitions.Find("t", 1));
        Assert.Equal(ErrorCode.None, (await Delete("t")).Responses[0].ErrorCode);
        Assert.Equal(ErrorCode.None, (await Create(2, "t")).Topics[0].ErrorCode);
        _disk.GoOn();
        await CaughtUp(node);
        await Eventually.Is(() => node.Broker.Partitions.Count == 2);
        var id = node.Broker.Metadata.Current.FindTopic("t")!.Id;
        Assert.All(node.Broker.Partitions.All, partition => Assert.Equal(id, partition.TopicId));
        var client = Connect();
        for (var partition = 0; partition < 2; partition++) Assert.Equal(0, await Records.Send(client, "t", Records.Batch(), partition));
        Assert.All(node.Broker.Directories.All, static directory => Assert.False(directory.Health.IsFailed));
        Assert.DoesNotContain(_lines.Lines, static line => line.Contains("offline", StringComparison.Ordinal));
    }

    /// <summary>Two turns of a disk that is behind: the first makes no log of a topic whose name the second has yet to free.</summary>
    [Fact]
    public async Task A_topic_that_is_made_again_while_its_disk_is_behind_keeps_its_log()
    {
        var node = await Start(("log.dirs", Slow));
        foreach (var name in (string[])["v", "u"]) await CreateTopic(node, 1, name);
        using var first = new HeldDeletion(_disk.Files, Slow + "/v-0");
        using var second = new HeldDeletion(_disk.Files, Slow + "/u-0");
        var deleting = Delete("v");
        await first.IsHeld;
        await PassUntil(deleting);
        Assert.Equal(ErrorCode.None, (await Delete("u")).Responses[0].ErrorCode);
        Assert.Equal(ErrorCode.None, (await Create(1, "t")).Topics[0].ErrorCode);
        first.GoOn();
        await second.IsHeld;
        Assert.Equal(ErrorCode.None, (await Delete("t")).Responses[0].ErrorCode);
        Assert.Equal(ErrorCode.None, (await Create(1, "t")).Topics[0].ErrorCode);
        second.GoOn();
        await CaughtUp(node);
        Assert.Equal(node.Broker.Metadata.Current.FindTopic("t")!.Id, node.Broker.Partitions.Find("t", 0)!.TopicId);
        Assert.True(_disk.Inner.FolderExists(Slow + "/t-0"));
        Assert.Equal(0, await Records.Send(Connect(), "t", Records.Batch()));
        Assert.False(node.Broker.Directories.All[0].Health.IsFailed);
        Assert.DoesNotContain(_lines.Lines, static line => line.Contains("offline", StringComparison.Ordinal));
    }

    /// <summary>
    /// Who waits at a partition hears at once that it is deleted, although its disk is behind with what was asked of it before, and an append to the partition
    /// holds its lock.
    /// </summary>
    [Fact]
    public async Task The_waits_of_a_deleted_partition_end_although_its_disk_is_behind()
    {
        var node = await Start(("log.flush.interval.messages", "1"));
        foreach (var name in (string[])["u", "t"]) await CreateTopic(node, 2, name);
        using var held = new HeldDeletion(_disk.Files, Slow + "/u-1");
        var deleting = Delete("u");
        await held.IsHeld;
        await PassUntil(deleting);

        var (fetching, producing, appending) = (Connect(), Connect(), Connect());
        _ = await fetching.Post(Records.Fetch("t", 0, maxWaitMs: 600_000, partition: 1), 12);
        _disk.HangSyncs();
        _ = await producing.Post(Records.Produce("t", Records.Batch(), 1), 12);
        await Eventually.Is(() => node.Broker is { WaitingFetches: 1, WaitingProduces: 1 } && _disk.Hanging == 1);
        _disk.Hang();
        Elsewhere(() => appending.Post(Records.Produce("t", Records.Batch(), 1), 12));
        await Eventually.Is(() => _disk.Hanging == 2);

        Assert.Equal(ErrorCode.None, (await Delete("t")).Responses[0].ErrorCode);
        var (fetched, produced) = (fetching.Receive(), producing.Receive());
        await Eventually.Is(() => fetched.IsCompleted && produced.IsCompleted);
        var fetch = MemoryClient.Decode<FetchRequest, FetchResponse>((await fetched)!, 12);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, fetch.Responses[0].Partitions[0].ErrorCode);
        var produce = MemoryClient.Decode<ProduceRequest, ProduceResponse>((await produced)!, 12);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, produce.Responses[0].PartitionResponses[0].ErrorCode);
        // One that begins to wait later does not; its records may be durable by then.
        _disk.GoOn();
        var late = MemoryClient.Decode<ProduceRequest, ProduceResponse>((await appending.Receive())!, 12);
        Assert.True(late.Responses[0].PartitionResponses[0].ErrorCode is ErrorCode.UnknownTopicOrPartition or ErrorCode.None);
    }

    [Fact]
    public async Task Settings_that_change_while_a_log_is_made_are_those_of_its_partition()
    {
        var node = await Start(("log.dirs", Slow));
        _disk.HangWhole(Slow + "/t-0/");
        var creating = Create(1, "t");
        await _disk.HasHung;
        await PassUntil(creating);
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            {
                new() { ResourceType = 2, ResourceName = "t", Configs = { new() { Name = "file.delete.delay.ms", ConfigOperation = 0, Value = "4321" } } },
            },
        };
        var altered = await Connect().Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, 1);
        Assert.Equal(ErrorCode.None, altered.Responses[0].ErrorCode);
        _disk.GoOn();
        await CaughtUp(node);
        Assert.Equal(4321, node.Broker.Partitions.Find("t", 0)!.Log.Settings.FileDeleteDelayMs);
    }

    [Fact]
    public async Task A_log_whose_making_fails_when_its_topic_is_gone_is_nobodys_affair()
    {
        var node = await Start(("log.dirs", Slow));
        _disk.HangWhole(Slow + "/t-0/");
        var creating = Create(1, "t");
        await _disk.HasHung;
        await PassUntil(creating);
        Assert.Equal(ErrorCode.None, (await Delete("t")).Responses[0].ErrorCode);
        var before = _disk.Files.Before!;
        _disk.Files.Before = (operation, path) =>
        {
            before(operation, path);
            if (path.StartsWith(Slow + "/t-0/", StringComparison.Ordinal)) throw HookedFileStore.TooManyOpenFiles();
        };
        _disk.GoOn();
        await CaughtUp(node);
        Assert.Empty(node.Broker.Partitions.Offline);
        Assert.DoesNotContain(_lines.Lines, static line => line.Contains("t-0", StringComparison.Ordinal));
        Assert.False(_disk.Inner.FolderExists(Slow + "/t-0"));
    }

    /// <summary>The stop of the other disk does not wait. What bounds that of this one is the host's to say: <c>NodeHost.MaxStopMs</c>.</summary>
    [Fact]
    public async Task A_stop_while_an_append_hangs_closes_the_other_disk_cleanly()
    {
        var node = await Start();
        await CreateTopic(node, 2);
        var client = Connect();
        _disk.Hang();
        Elsewhere(() => client.Post(Records.Produce("t", Records.Batch(), 1), 12));
        await _disk.HasHung;
        _engineTime.Hurry();
        var stopping = node.DisposeAsync().AsTask();
        await Eventually.Is(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _disk.Inner.FileExists("/disk0/.kafka_cleanshutdown");
        });
        Assert.False(stopping.IsCompleted);
        Assert.False(_disk.Inner.FileExists(Slow + "/.kafka_cleanshutdown"));
        _disk.GoOn();
        await stopping;
        Assert.True(_disk.Inner.FileExists(Slow + "/.kafka_cleanshutdown"));
    }

    public async ValueTask DisposeAsync()
    {
        _disk.GoOn();
        if (_node is not null) await _node.DisposeAsync();
        _disk.Dispose();
    }

    private async Task<DeleteTopicsResponse> Delete(string name) =>
        await Connect().Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { TimeoutMs = 60_000, Topics = { new() { Name = name } } }, 6);

    /// <summary>The disk keeps a request waiting for as long as it may.</summary>
    private Task PassUntil(Task isOver) => Eventually.Is(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return isOver.IsCompleted;
    });

    /// <summary>The disk has done all, and whoever looks next says so.</summary>
    private Task CaughtUp(BrokerNode node) => Eventually.Is(() => node.Broker.HasRefusedPartitions || _lines.Lines.Any(
        static line => line.StartsWith($"The log directory {Slow} has done all", StringComparison.Ordinal)));

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
        seams: new NodeSeams { EngineTime = _engineTime });

    private MemoryClient Connect()
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, _node!.Serve(connection, "PLAINTEXT"));
    }

    private async Task CreateTopic(BrokerNode node, int partitions, string name = "t")
    {
        Assert.Equal(ErrorCode.None, (await Create(partitions, name)).Topics[0].ErrorCode);
        Assert.NotNull(node.Broker.Partitions.Find(name, partitions - 1));
        // The node says where they lie, and hears of it again in the metadata: after that nothing is asked of the disks any more.
        await Eventually.Is(() => node.Broker.Metadata.Current.FindTopic(name)!.Partitions.Values.All(
            static partition => !DirectoryIds.IsReserved(partition.DirectoryOf(1))));
    }

    private async Task<CreateTopicsResponse> Create(int partitions, string name)
    {
        var request = new CreateTopicsRequest { Topics = { new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 } }, TimeoutMs = 60_000 };
        return await Connect().Ask<CreateTopicsRequest, CreateTopicsResponse>(request, 7);
    }
}
