using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>Whole nodes over several log directories: each is a disk of its own, and the loss of one is the loss of its partitions alone.</summary>
public sealed class SeveralDirectoriesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);

    [Fact]
    public async Task Partitions_are_spread_told_to_the_controller_and_found_again()
    {
        await using (var node = await Start())
        {
            var client = Connect(node);
            await CreateTopic(client, "t", 4);
            Assert.Equal(["/disk0/t-0", "/disk1/t-1", "/disk0/t-2", "/disk1/t-3"], Folders(node));
            for (var partition = 0; partition < 4; partition++) Assert.Equal(0, await Records.Send(client, "t", Records.Batch(partition + 1), partition));
            await AssignedTo(node, "/disk0", "/disk1", "/disk0", "/disk1");
        }
        Assert.True(_files.FileExists("/disk0/.kafka_cleanshutdown"));
        Assert.True(_files.FileExists("/disk1/.kafka_cleanshutdown"));
        await using (var node = await Start())
        {
            Assert.Equal(["/disk0/t-0", "/disk1/t-1", "/disk0/t-2", "/disk1/t-3"], Folders(node));
            var client = Connect(node);
            for (var partition = 0; partition < 4; partition++) Assert.Equal(partition + 1, await Records.Send(client, "t", Records.Batch(), partition));
        }
    }

    [Fact]
    public async Task A_disk_that_fails_takes_its_own_partitions_and_no_others()
    {
        await using var node = await Start();
        var client = Connect(node);
        await CreateTopic(client, "t", 2, ("flush.messages", "1"));
        await AssignedTo(node, "/disk0", "/disk1");
        _ = await Records.Send(client, "t", Records.Batch(), 1);
        _files.FailSyncs(static path => path.StartsWith("/disk1/", StringComparison.Ordinal));
        var refused = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(), 1), 12);
        Assert.NotEqual(ErrorCode.None, refused.Responses[0].PartitionResponses[0].ErrorCode);
        await Until(node, () => node.Broker.Partitions.Find("t", 1) is null);
        var answer = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(), 1), 12);
        Assert.Equal(ErrorCode.KafkaStorageError, answer.Responses[0].PartitionResponses[0].ErrorCode);
        Assert.Equal(0, await Records.Send(client, "t", Records.Batch(), 0));

        var metadata = await client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        var partitions = metadata.Topics[0].Partitions.OrderBy(static p => p.PartitionIndex).ToList();
        Assert.Equal((1, -1), (partitions[0].LeaderId, partitions[1].LeaderId));
        Assert.Equal((0, 1), (partitions[0].OfflineReplicas.Count, partitions[1].OfflineReplicas.Count));

        // What is made from now on goes where there is a disk.
        await CreateTopic(client, "u", 2);
        Assert.Equal(0, await Records.Send(client, "u", Records.Batch(), 1));
        Assert.All(node.Broker.Partitions.All, static partition => Assert.StartsWith("/disk0/", partition.Log.Folder, StringComparison.Ordinal));
        Assert.False(node.Completion.IsCompleted);
    }

    [Fact]
    public async Task The_disk_of_the_metadata_log_is_the_end_of_the_node()
    {
        var node = await Start();
        await CreateTopic(Connect(node), "t", 2, ("flush.messages", "1"));
        _files.FailSyncs(static path => path.StartsWith("/disk0/", StringComparison.Ordinal));
        _ = Connect(node).Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(), 0), 12);
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => node.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Contains("/disk0", failure.Message, StringComparison.Ordinal);
        await node.DisposeAsync();
        Assert.False(_files.FileExists("/disk0/.kafka_cleanshutdown"));
    }

    [Fact]
    public async Task The_metadata_log_may_lie_in_a_directory_of_its_own()
    {
        await using (var node = await Start(("metadata.log.dir", "/meta")))
        {
            await CreateTopic(Connect(node), "t", 2);
            Assert.True(_files.FolderExists("/meta/__cluster_metadata-0"));
            Assert.False(_files.FolderExists("/disk0/__cluster_metadata-0"));
            Assert.All((string[])["/meta", "/disk0", "/disk1"], path => Assert.Null(_files.TryLock(path + "/.lock")));
        }
        await using (var node = await Start(("metadata.log.dir", "/meta"))) Assert.Equal(["/disk0/t-0", "/disk1/t-1"], Folders(node));
    }

    /// <summary>One cause, one line: of the directory, and of how many partitions it takes away.</summary>
    [Theory]
    [InlineData("meta.properties", "The log directory /disk1 cannot be used, and its partitions are offline: /disk1/meta.properties: I/O error",
        "Partitions offline: 3. Reason: the log directory /disk1 could not be opened.")]
    [InlineData("recovery-point-offset-checkpoint",
        "The log directory /disk1 has failed, and its partitions are offline: /disk1/recovery-point-offset-checkpoint: I/O error",
        "Partitions offline: 3. Reason: the log directory /disk1 has failed.")]
    public async Task A_directory_that_fails_at_the_start_is_two_lines(string file, string ofDirectory, string ofPartitions)
    {
        await using (var node = await Start())
        {
            await CreateTopic(Connect(node), "t", 6);
            await AssignedTo(node, "/disk0", "/disk1", "/disk0", "/disk1", "/disk0", "/disk1");
        }
        var broken = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (operation == nameof(IFileStore.FileExists) && path == "/disk1/" + file) throw new IOException($"{path}: I/O error");
            },
        };
        var log = new RecordedLines(LogLevel.Error);
        await using (
            var node = await BrokerNode.StartAsync(TestNode.ConfigOf([("log.dirs", "/disk0,/disk1")]), broken, TimeProvider.System, new Random(5), log))
        {
            Assert.Equal(["/disk0/t-0", "/disk0/t-2", "/disk0/t-4"], Folders(node));
            Assert.Equal([ofPartitions, ofDirectory], log.Lines.Order(StringComparer.Ordinal));
            Assert.Contains(node.Health.NotReady(), static reason => reason.StartsWith("The log directory /disk1 ", StringComparison.Ordinal));
        }
    }

    /// <summary>
    /// The node ended before the metadata said where a partition's log lies, or the metadata has lost it. A second log beside one that cannot be seen would be
    /// one that no later start could choose between.
    /// </summary>
    [Theory]
    [InlineData("meta.properties")]
    [InlineData("recovery-point-offset-checkpoint")]
    public async Task Where_a_directory_is_offline_no_second_log_is_made_of_a_partition_that_may_lie_in_it(string file)
    {
        var isMade = false;
        var metadataFails = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                isMade |= operation == nameof(IFileStore.CreateFolder) && path == "/disk1/t-1";
            },
            BeforeWrite = path =>
            {
                if (isMade && path.StartsWith("/disk0/__cluster_metadata-0/", StringComparison.Ordinal)) throw new IOException($"{path}: I/O error");
            },
        };
        await using (var node = await Start(metadataFails))
        {
            _ = Create(Connect(node), "t", 2);
            _ = await Assert.ThrowsAnyAsync<IOException>(() => node.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken));
        }
        var broken = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (operation == nameof(IFileStore.FileExists) && path == "/disk1/" + file) throw new IOException($"{path}: I/O error");
            },
        };
        await using (var node = await Start(broken))
        {
            Assert.True(DirectoryIds.IsReserved(node.Broker.Metadata.Current.FindTopic("t")!.Partitions[1].Directories[0]));
            Assert.DoesNotContain("/disk0/t-1", Folders(node));
            var client = Connect(node);
            var answer = await client.Ask<ProduceRequest, ProduceResponse>(Records.Produce("t", Records.Batch(), 1), 12);
            Assert.Equal(ErrorCode.KafkaStorageError, answer.Responses[0].PartitionResponses[0].ErrorCode);
            // What is new can lie nowhere else.
            await CreateTopic(client, "u", 2);
            Assert.Equal(0, await Records.Send(client, "u", Records.Batch(), 1));
        }
        await using (var node = await Start())
        {
            Assert.Equal(["/disk0/t-0", "/disk1/t-1"], Folders(node));
            Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(), 1));
        }
    }

    /// <summary>README: an empty directory is formatted at the first start. One that is added to a node's is new.</summary>
    [Fact]
    public async Task An_empty_directory_that_is_added_is_formatted_and_used()
    {
        await using (await Start()) { }
        await using (var node = await Start(("log.dirs", "/disk0,/disk1,/disk2")))
        {
            await CreateTopic(Connect(node), "t", 3);
            Assert.Equal(["/disk0/t-0", "/disk1/t-1", "/disk2/t-2"], Folders(node));
        }
        await using (var node = await Start(("log.dirs", "/disk0,/disk1,/disk2"))) Assert.Equal(["/disk0/t-0", "/disk1/t-1", "/disk2/t-2"], Folders(node));
    }

    /// <summary>
    /// An empty directory where the metadata misses one may be a disk that is not mounted: to begin anew there would lose what the disk holds.
    /// </summary>
    [Fact]
    public async Task An_empty_directory_in_the_place_of_one_that_is_missing_is_left_as_it_is()
    {
        await using (await Start()) { }
        _files.Rename("/disk1", "/elsewhere");
        _files.CreateFolder("/disk1");
        foreach (var directories in (string[])["/disk0,/disk1", "/disk0,/disk2"])
        {
            var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start(("log.dirs", directories)));
            Assert.Contains(directories[^6..] + " is empty, and a directory that this node had is missing", refused.Message, StringComparison.Ordinal);
            Assert.Contains("kafkacompat format --ignore-formatted", refused.Message, StringComparison.Ordinal);
            Assert.False(_files.FileExists(directories[^6..] + "/meta.properties"));
        }
        _files.DeleteFolder("/disk1");
        _files.Rename("/elsewhere", "/disk1");
        await using (await Start()) { }
        await using (await Start(("log.dirs", "/disk0"))) { }
        // It was left out on purpose, and the metadata misses none.
        await using (await Start(("log.dirs", "/disk0,/disk2"))) Assert.True(_files.FileExists("/disk2/meta.properties"));
    }

    /// <summary>A start with the directory offline registers the other one alone. The metadata misses it all the same, for partitions lie in it.</summary>
    [Fact]
    public async Task An_empty_directory_in_the_place_of_one_that_was_offline_is_left_as_it_is()
    {
        await using (var node = await Start())
        {
            await CreateTopic(Connect(node), "t", 2);
            await AssignedTo(node, "/disk0", "/disk1");
        }
        var broken = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (operation == nameof(IFileStore.FileExists) && path == "/disk1/meta.properties") throw new IOException($"{path}: I/O error");
            },
        };
        await using (var node = await Start(broken)) Assert.Single(node.Broker.Metadata.Current.Brokers[1].LogDirs);
        _files.Rename("/disk1", "/elsewhere");
        _files.CreateFolder("/disk1");
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => Start());
        Assert.Contains("/disk1 is empty, and a directory that this node had is missing", refused.Message, StringComparison.Ordinal);
        _files.DeleteFolder("/disk1");
        _files.Rename("/elsewhere", "/disk1");
        await using (var node = await Start()) Assert.Equal(0, await Records.Send(Connect(node), "t", Records.Batch(), 1));
    }

    /// <summary>The directory that was to have a new log fails before it is made. Another one makes it, without a restart.</summary>
    [Fact]
    public async Task A_log_that_a_directory_failed_to_make_is_made_in_another()
    {
        var broken = new HookedFileStore(_files)
        {
            Before = (operation, path) =>
            {
                if (operation == nameof(IFileStore.CreateFolder) && path == "/disk1/t-1") throw new IOException($"{path}: I/O error");
            },
        };
        await using var node = await Start(broken);
        await CreateTopic(Connect(node), "t", 2);
        await Until(node, () => node.Broker.Partitions.Find("t", 1) is { Standing.IsLeader: true });
        Assert.Equal(["/disk0/t-0", "/disk0/t-1"], Folders(node));
    }

    /// <summary>As in Apache Kafka nobody leads what lay in a directory that is left out, or that a new one has replaced.</summary>
    [Fact]
    public async Task A_node_whose_partitions_nobody_leads_is_not_ready()
    {
        await using (var node = await Start())
        {
            await CreateTopic(Connect(node), "t", 2);
            await AssignedTo(node, "/disk0", "/disk1");
        }
        await using (var node = await Start(("log.dirs", "/disk0")))
            Assert.Equal(["Partitions of this node that have no leader: 1, t-1 the first of them."], node.Health.NotReady());
    }

    [Fact]
    public async Task New_partitions_avoid_cordoned_directories_and_old_ones_are_served_on()
    {
        await using (var node = await Start())
        {
            var client = Connect(node);
            await CreateTopic(client, "t", 2);
            await Cordon(node, client, ConfigOperation.Set, "/disk1", 1);
            await CreateTopic(client, "u", 3);
            Assert.Equal(["/disk0/u-0", "/disk0/u-1", "/disk0/u-2"], Folders(node, "u"));
            Assert.Equal(0, await Records.Send(client, "t", Records.Batch(), 1));
            var described = await client.Ask<DescribeLogDirsRequest, DescribeLogDirsResponse>(new() { Topics = null }, 5);
            Assert.Equal([("/disk0", false), ("/disk1", true)], described.Results.Select(static r => (r.LogDir, r.IsCordoned)));

            await Cordon(node, client, ConfigOperation.Set, "*", 2);
            Assert.Equal(ErrorCode.InvalidReplicationFactor, (await Create(client, "v", 1)).ErrorCode);
        }
        await using (var node = await Start(("cordoned.log.dirs", "/disk0")))
        {
            // What the metadata sets stands over the file; without it the file counts.
            var client = Connect(node);
            Assert.Equal(ErrorCode.InvalidReplicationFactor, (await Create(client, "v", 1)).ErrorCode);
            await Cordon(node, client, ConfigOperation.Delete, null, 1);
            await CreateTopic(client, "v", 2);
            Assert.Equal(["/disk1/v-0", "/disk1/v-1"], Folders(node, "v"));
        }
    }

    /// <summary>Alters what is cordoned, and waits until the controller knows it.</summary>
    private static async Task Cordon(BrokerNode node, MemoryClient client, ConfigOperation operation, string? value, int expected)
    {
        var request = new IncrementalAlterConfigsRequest
        {
            Resources =
            {
                new() { ResourceType = 4, ResourceName = "1",
                    Configs = { new() { Name = "cordoned.log.dirs", ConfigOperation = (sbyte)operation, Value = value } } },
            },
        };
        var answer = await client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, 1);
        Assert.Equal((ErrorCode.None, null), (answer.Responses[0].ErrorCode, answer.Responses[0].ErrorMessage));
        await Until(node, () => node.Broker.Metadata.Current.Brokers[1].CordonedLogDirs?.Length == expected);
    }

    /// <summary>Waits for the broker's assignments to be in the metadata.</summary>
    private static Task AssignedTo(BrokerNode node, params string[] paths)
    {
        // What a log's directory is called is known from where the metadata log's neighbours lie.
        return Until(node, () =>
        {
            var topic = node.Broker.Metadata.Current.FindTopic("t")!;
            var homes = topic.Partitions.OrderBy(static p => p.Key).Select(p => (Directory: p.Value.Directories[0], Path: paths[p.Key])).ToList();
            return homes.All(static home => !DirectoryIds.IsReserved(home.Directory)) && homes.Distinct().Count() == paths.Distinct().Count();
        });
    }

    /// <summary>Waits for what a step of the metadata brings.</summary>
    private static async Task Until(BrokerNode node, Func<bool> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            _ = await Connect(node).Ask<MetadataRequest, MetadataResponse>(new() { Topics = null }, 12);
        }
    }

    private static IEnumerable<string> Folders(BrokerNode node, string topic = "t") =>
        node.Broker.Partitions.All.Where(p => p.Topic == topic).OrderBy(static p => p.Index).Select(static p => p.Log.Folder);

    private async Task<BrokerNode> Start(params (string Name, string Value)[] settings) => await BrokerNode.StartAsync(
        TestNode.ConfigOf([("log.dirs", "/disk0,/disk1"), .. settings]), _files, TimeProvider.System, new Random(5), NullLoggerFactory.Instance);

    private static Task<BrokerNode> Start(IFileStore files) => BrokerNode.StartAsync(
        TestNode.ConfigOf([("log.dirs", "/disk0,/disk1")]), files, TimeProvider.System, new Random(5), NullLoggerFactory.Instance);

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task CreateTopic(MemoryClient client, string name, int partitions, params (string Name, string Value)[] configs) =>
        Assert.Equal(ErrorCode.None, (await Create(client, name, partitions, configs)).ErrorCode);

    private static async Task<CreateTopicsResponse.CreatableTopicResult> Create(MemoryClient client, string name, int partitions,
        params (string Name, string Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 };
        foreach (var (key, value) in configs) topic.Configs.Add(new() { Name = key, Value = value });
        var response = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(new() { Topics = { topic } }, 7);
        return response.Topics[0];
    }
}
