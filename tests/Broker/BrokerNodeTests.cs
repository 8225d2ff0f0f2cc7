using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Whole nodes, quorum and controller included, on a disk in memory.</summary>
public sealed class BrokerNodeTests
{
    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task A_start_that_lacks_descriptors_says_what_to_do()
    {
        var files = new HookedFileStore(new ForgetfulFileStore(TimeProvider.System))
        {
            Before = static (operation, path) =>
            {
                if (operation == nameof(IFileStore.Open) && path.EndsWith(".log", StringComparison.Ordinal)) throw HookedFileStore.TooManyOpenFiles();
            },
        };
        var refused = await Assert.ThrowsAsync<IOException>(() => BrokerNode.StartAsync(
            TestNode.ConfigOf([("log.dirs", "/data")]), files, TimeProvider.System, new Random(1), NullLoggerFactory.Instance));
        Assert.StartsWith("Too many open files. ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ulimit -n", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_formats_an_empty_directory_and_serves()
    {
        await using var node = await Start();
        var client = Connect(node);
        var metadata = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        Assert.Equal(1, Assert.Single(metadata.Brokers).NodeId);
        Assert.Equal(22, metadata.ClusterId!.Length);
        await CreateTopic(client, "t");
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
    }

    [Fact]
    public async Task A_topic_of_the_start_that_is_refused_keeps_no_other_from_being_made()
    {
        await using var node = await Start(("kafkacompat.topics", "huge:20000,small:2"));
        var metadata = await Connect(node).Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        Assert.Equal([("small", 2)], metadata.Topics.Select(static topic => (topic.Name, topic.Partitions.Count)));
        Assert.Equal(
            ["Topic huge of kafkacompat.topics was not created: 20000 partitions are more than a request may create, 10000."],
            node.Health.NotReady());
        await CreateTopic(Connect(node), "huge");
        Assert.Empty(node.Health.NotReady());
        _ = await Connect(node).Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "huge" } }, TimeoutMs = 30_000 }, 6);
        Assert.Empty(node.Health.NotReady());
    }

    [Fact]
    public async Task Topics_and_records_are_there_after_a_restart()
    {
        Uuid id;
        await using (var node = await Start())
        {
            var client = Connect(node);
            id = await CreateTopic(client, "t");
            _ = await Records.Send(client, "t", Records.Batch(10));
        }
        Assert.True(_files.FileExists("/data/.kafka_cleanshutdown"));
        await using (var node = await Start())
        {
            Assert.False(_files.FileExists("/data/.kafka_cleanshutdown"));
            var client = Connect(node);
            var metadata = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
            Assert.Equal(id, Assert.Single(metadata.Topics).TopicId);
            Assert.Equal(ErrorCode.None, metadata.Topics[0].Partitions[0].ErrorCode);
            Assert.Equal(10, await Records.Send(client, "t", Records.Batch(10)));
            var fetched = await client.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0), 12);
            Assert.Equal([0, 10], Records.BaseOffsets(fetched.Responses[0].Partitions[0].Records));
        }
    }

    [Fact]
    public async Task Producer_ids_are_given_out_once_across_restarts()
    {
        var seen = new HashSet<long>();
        for (var run = 0; run < 3; run++)
        {
            await using var node = await Start();
            var client = Connect(node);
            for (var i = 0; i < 5; i++)
            {
                var response =
                    await client.Ask<InitProducerIdRequest, InitProducerIdResponse>(new() { TransactionalId = null, TransactionTimeoutMs = 1000 }, 4);
                Assert.Equal(ErrorCode.None, response.ErrorCode);
                Assert.Equal(0, response.ProducerEpoch);
                Assert.True(seen.Add(response.ProducerId));
            }
        }
    }

    [Fact]
    public async Task A_deleted_topic_can_be_made_again()
    {
        await using var node = await Start();
        var client = Connect(node);
        var first = await CreateTopic(client, "t");
        _ = await Records.Send(client, "t", Records.Batch(10));
        var deleted = await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { Topics = { new() { Name = "t" } }, TimeoutMs = 120_000 }, 6);
        Assert.Equal(ErrorCode.None, deleted.Responses[0].ErrorCode);
        Assert.Equal(first, deleted.Responses[0].TopicId);
        Assert.NotEqual(first, await CreateTopic(client, "t"));
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
    }

    [Fact]
    public async Task A_directory_of_another_node_is_refused()
    {
        await using (await Start()) { }
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start(("node.id", "2")));
        Assert.Contains("node id", refused.Message, StringComparison.Ordinal);
        await using (await Start()) { }
    }

    [Fact]
    public async Task Of_a_start_that_fails_nothing_goes_on()
    {
        await using (await Start()) { }
        var time = new CountedTime();
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => BrokerNode.StartAsync(
            TestNode.ConfigOf([("alter.log.dirs.replication.quota.window.num", "12")]), _files, time, new Random(5),
            new LoggersThatFail("alter.log.dirs.replication.quota.window.num")));
        Assert.Contains("alter.log.dirs.replication.quota.window.num", refused.Message, StringComparison.Ordinal);
        await Eventually.Is(() => time.Timers == 0);
        await using (await Start()) { }
    }

    [Fact]
    public async Task With_flush_messages_an_acknowledgement_waits_for_the_disk()
    {
        await using var node = await Start();
        var client = Connect(node);
        _ = await CreateTopic(client, "t", ("flush.messages", "1"));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(i * 10, await Records.Send(client, "t", Records.Batch(10)));
            Assert.True(node.Broker.Partitions.Find("t", 0)!.Log.RecoveryPoint >= (i + 1) * 10);
        }
    }

    [Theory]
    [InlineData("t")]
    [InlineData("__consumer_offsets")]
    public async Task A_partition_that_was_refused_for_lack_of_descriptors_serves_when_there_are_some(string topic)
    {
        var isShort = true;
        var files = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (isShort && operation == nameof(IFileStore.Open) && path.Contains($"{topic}-0/", StringComparison.Ordinal))
                    throw HookedFileStore.TooManyOpenFiles();
            },
        };
        await using var node = await Start(files, ("offsets.topic.num.partitions", "1"));
        var client = Connect(node);
        _ = await CreateTopic(client, "t");
        var commit = new OffsetCommitRequest
        {
            GroupId = "g",
            GenerationIdOrMemberEpoch = -1,
            Topics = { new() { Name = "t", Partitions = { new() { PartitionIndex = 0, CommittedOffset = 1 } } } },
        };
        // Has the offsets topic made, and tells of it when it is there.
        ErrorCode found;
        do
        {
            found = (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = { "g" } }, 4)).Coordinators[0].ErrorCode;
        }
        while (found == ErrorCode.CoordinatorNotAvailable);
        Assert.Equal(ErrorCode.None, found);
        Assert.True(node.Broker.HasRefusedPartitions);
        Assert.Null(node.Broker.Partitions.Find(topic, 0));
        Assert.Equal(ErrorCode.KafkaStorageError, node.Broker.Partitions.MissingError(topic, 0));
        isShort = false;
        _ = await CreateTopic(client, "another");
        Assert.False(node.Broker.HasRefusedPartitions);
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
        // The coordinator's partition serves once it has been read.
        await Eventually.Is(() => (node.Broker.Groups.LoadedPartitions, node.Broker.Groups.LoadingPartitions) == (1, 0));
        var committed = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 8);
        Assert.Equal(ErrorCode.None, committed.Topics[0].Partitions[0].ErrorCode);
    }

    /// <summary>Its partitions are led, and one that no file can be opened for is not served.</summary>
    [Fact]
    public async Task A_node_that_lacks_descriptors_for_records_says_so_once_and_is_not_ready()
    {
        using var lines = new RecordedLines(LogLevel.Information);
        var isShort = false;
        var files = new HookedFileStore(_files)
        {
            Before = (operation, _) =>
            {
                if (isShort && operation == nameof(IFileStore.Open)) throw HookedFileStore.TooManyOpenFiles();
            },
        };
        await using var node = await BrokerNode.StartAsync(TestNode.ConfigOf([]), files, TimeProvider.System, new Random(5), lines);
        var client = Connect(node);
        _ = await CreateTopic(client, "t");
        _ = await CreateTopic(client, "u");
        Assert.Empty(node.Health.NotReady());
        isShort = true;
        Assert.Empty(node.Health.NotReady());
        foreach (var topic in new[] { "t", "u", "t" })
        {
            var answer = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce(topic, Records.Batch(1)), 12);
            Assert.Equal((ErrorCode.KafkaStorageError, null),
                (answer.Responses[0].PartitionResponses[0].ErrorCode, answer.Responses[0].PartitionResponses[0].ErrorMessage));
        }
        var told = Assert.Single(lines.Lines, static line => line.Contains("ulimit -n", StringComparison.Ordinal));
        Assert.StartsWith("Operations that need a file are refused for lack of descriptors, appends of records too: Too many open files. ", told,
            StringComparison.Ordinal);
        Assert.Equal(3, lines.Lines.Count(static line => line.EndsWith(": KafkaStorageError: Too many open files.", StringComparison.Ordinal)));
        Assert.StartsWith("Partitions cannot open the files that they need: Too many open files. ", Assert.Single(node.Health.NotReady()),
            StringComparison.Ordinal);
        isShort = false;
        Assert.Empty(node.Health.NotReady());
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(10)));
    }

    /// <summary>Too many clients, and the metadata log needs a file: the topic waits for it, and the node goes on.</summary>
    [Fact]
    public async Task A_metadata_log_that_lacks_descriptors_waits_for_them()
    {
        var isShort = false;
        var refused = 0;
        var files = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (!isShort || !path.Contains("__cluster_metadata-0", StringComparison.Ordinal)
                    || operation is not (nameof(IFileStore.Open) or nameof(IFileStore.SyncFolder) or nameof(IFileStore.Rename)))
                {
                    return;
                }

                if (++refused == 3) isShort = false;
                throw HookedFileStore.TooManyOpenFiles();
            },
        };
        await using var node = await Start(files, ("metadata.log.max.record.bytes.between.snapshots", "1"));
        var client = Connect(node);
        isShort = true;
        for (var i = 0; i < 50 && isShort; i++) _ = await CreateTopic(client, $"t{i}");
        _ = await CreateTopic(client, "last");
        Assert.Equal(3, refused);
        Assert.False(node.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_request_that_no_batch_of_the_metadata_log_can_hold_is_refused_and_nothing_of_it_is_kept()
    {
        await using var node = await Start();
        var client = Connect(node);
        var replicas = string.Join(',', Enumerable.Range(0, 4_000).Select(static i => $"{i}:1"));
        var large = new CreateTopicsRequest { TimeoutMs = 120_000 };
        for (var i = 0; i < QuorumBatchCodec.MaxBatchBytes / replicas.Length + 1; i++)
        {
            large.Topics.Add(
                new()
                {
                    Name = $"t{i}",
                    NumPartitions = 1,
                    ReplicationFactor = 1,
                    Configs = { new() { Name = "follower.replication.throttled.replicas", Value = replicas } }
                });
        }
        var refused = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(large, 7);
        Assert.Equal(large.Topics.Count, refused.Topics.Count);
        Assert.All(refused.Topics, static topic => Assert.Equal(ErrorCode.UnknownServerError, topic.ErrorCode));
        _ = await CreateTopic(client, "another");
        Assert.Equal("another", Assert.Single(node.Broker.Metadata.Current.Topics.Values).Name);
    }

    [Fact]
    public async Task A_node_whose_quorum_failed_leaves_no_mark_of_a_clean_shutdown()
    {
        var files = new HookedFileStore(_files);
        var node = await Start(files, ("metadata.log.max.record.bytes.between.snapshots", "1"));
        await using (node)
        {
            files.Before = (_, path) =>
            {
                if (path.EndsWith(".checkpoint.tmp", StringComparison.Ordinal)) throw new InvalidOperationException("nobody has thought of this");
            };
            var client = Connect(node);
            _ = await client.Post(new CreateTopicsRequest { Topics = { new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 } } }, 7);
            _ = await Assert.ThrowsAsync<InvalidOperationException>(() =>
                node.Completion.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        }
        Assert.False(_files.FileExists("/data/.kafka_cleanshutdown"));
        await using (await Start()) { }
        Assert.True(_files.FileExists("/data/.kafka_cleanshutdown"));
    }

    [Fact]
    public async Task What_was_refused_is_tried_again_while_no_metadata_comes()
    {
        var time = new ManualTime();
        var (isRefused, tried) = (false, 0);
        await using var refused = new RefusedPartitions(
            () => isRefused,
            () =>
            {
                tried++;
                return ValueTask.CompletedTask;
            },
            time);
        refused.Start();
        time.Advance(TimeSpan.FromMilliseconds(3 * RefusedPartitions.RetryMs));
        Assert.Equal(0, tried);
        isRefused = true;
        time.Advance(TimeSpan.FromMilliseconds(2 * RefusedPartitions.RetryMs));
        Assert.Equal(2, tried);
    }

    private Task<BrokerNode> Start(params (string Name, string Value)[] settings) => Start(_files, settings);

    private static async Task<BrokerNode> Start(IFileStore files, params (string Name, string Value)[] settings) =>
        await BrokerNode.StartAsync(TestNode.ConfigOf(settings), files, TimeProvider.System, new Random(5), NullLoggerFactory.Instance);

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task<Uuid> CreateTopic(MemoryClient client, string name, params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = 1, ReplicationFactor = 1 };
        foreach (var (key, value) in configs) topic.Configs.Add(new() { Name = key, Value = value });
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new() { Topics = { topic } }, 7);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
        return response.Topics[0].TopicId;
    }
}
