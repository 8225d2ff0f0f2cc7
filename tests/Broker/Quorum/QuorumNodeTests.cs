using System.Diagnostics;
using System.Text.Json;
using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>A quorum of one over real files.</summary>
public sealed class QuorumNodeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-quorum-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_request_whose_time_is_over_before_its_turn_is_told_so_and_not_done()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"));
        var made = await host.Ask(new CreateTopicsRequest { TimeoutMs = 0, Topics = { new() { Name = "late", NumPartitions = 1, ReplicationFactor = 1 } } });
        Assert.Equal((ErrorCode.RequestTimedOut, null, -1), (made.Topics[0].ErrorCode, made.Topics[0].ErrorMessage, made.Topics[0].NumPartitions));
        Assert.Null(host.Node.Metadata.Image.FindTopic("late"));
        var added = await host.Ask(new CreatePartitionsRequest { TimeoutMs = -1, Topics = { new() { Name = "late", Count = 2 } } });
        Assert.Equal(ErrorCode.RequestTimedOut, added.Results[0].ErrorCode);
        var elected = await host.Ask(new ElectLeadersRequest { TimeoutMs = 0, TopicPartitions = [new() { Topic = "late", Partitions = [0] }] });
        Assert.Equal((ErrorCode.RequestTimedOut, ErrorCode.RequestTimedOut),
            (elected.ErrorCode, elected.ReplicaElectionResults[0].PartitionResult[0].ErrorCode));
        var moved = await host.Ask(
            new AlterPartitionReassignmentsRequest { TimeoutMs = 0, Topics = { new() { Name = "late", Partitions = { new() { Replicas = [1] } } } } });
        Assert.Equal((ErrorCode.RequestTimedOut, ErrorCode.RequestTimedOut), (moved.ErrorCode, moved.Responses[0].Partitions[0].ErrorCode));
        var deleted =
            await host.Ask(new DeleteTopicsRequest { TimeoutMs = 0, Topics = { new() { Name = "late" }, new() { Name = null, TopicId = new Uuid(7, 8) } } }, 6);
        Assert.Equal([("late", Uuid.Zero, ErrorCode.RequestTimedOut), (null, new Uuid(7, 8), ErrorCode.RequestTimedOut)],
            deleted.Responses.Select(r => (r.Name, r.TopicId, r.ErrorCode)));
        deleted = await host.Ask(new DeleteTopicsRequest { TimeoutMs = 0, TopicNames = { "late", "later" } }, 5);
        Assert.Equal([("late", ErrorCode.RequestTimedOut), ("later", ErrorCode.RequestTimedOut)], deleted.Responses.Select(r => (r.Name!, r.ErrorCode)));
    }

    [Fact]
    public async Task A_new_node_formats_itself_and_keeps_its_topics_over_restarts()
    {
        var folder = Path.Combine(_root, "data");
        Uuid id = default;
        for (var start = 1; start <= 3; start++)
        {
            await using var host = await QuorumHost.Start(folder);
            if (start == 1)
            {
                id = await Create(host, "orders", 3);
            }

            var topic = host.Node.Metadata.Image.FindTopic("orders")!;
            Assert.Equal((id, 3), (topic.Id, topic.Partitions.Count));
            Assert.All(topic.Partitions.Values, p => Assert.Equal((1, 2 * (start - 1)), (p.Leader, p.LeaderEpoch)));
            var quorum = host.Node.Quorum.Describe();
            Assert.Equal((1, start), (quorum.LeaderId, quorum.Epoch));
            Assert.Equal(quorum.HighWatermark, quorum.Voters[0].EndOffset);
            Assert.Equal("CONTROLLER", quorum.VoterSet.Voters[0].Endpoints[0].Name);
            Assert.Equal($$"""{"leaderId":1,"leaderEpoch":{{start}},"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}""",
                await File.ReadAllTextAsync(Path.Combine(folder, "__cluster_metadata-0", "quorum-state"), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_killed_node_leads_again_at_once_with_the_epoch_risen_by_two()
    {
        var folder = Path.Combine(_root, "data");
        var host = await QuorumHost.Start(folder);
        await Create(host, "t", 1);
        await host.Abandon();
        await using var again = await QuorumHost.Start(folder, isClean: false);
        var partition = again.Node.Metadata.Image.FindPartition("t", 0)!;
        Assert.Equal((1, 2, true), (partition.Leader, partition.LeaderEpoch, partition.IsRecovering));
    }

    [Fact]
    public async Task Nothing_answered_is_lost_when_the_power_fails()
    {
        var disk = new ForgetfulFileStore(TimeProvider.System);
        for (var crash = 1; crash <= 20; crash++)
        {
            var host = await QuorumHost.Start("/data", disk, isClean: false);
            Assert.Equal(crash - 1, host.Node.Metadata.Image.Topics.Count);
            await Create(host, $"t{crash}", 2);
            disk = disk.Crash(crash);
            // The stop finds the disk gone, or the controller's own record, written when it has been idle, has found it before.
            var failure = await Record.ExceptionAsync(async () => await host.Abandon()) ?? host.Completion.Exception?.GetBaseException();
            _ = Assert.IsAssignableFrom<IOException>(failure);
        }
    }

    [Fact]
    public async Task A_fault_in_deciding_is_of_its_request_alone()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"));
        _ = await Assert.ThrowsAsync<NullReferenceException>(() => host.Ask(Faulty("t", 1)));
        Assert.Null(host.Node.Metadata.Image.FindTopic("t"));
        Assert.False(host.Completion.IsCompleted);
        await Create(host, "t", 1);
    }

    /// <summary>
    /// Many clients at once, every second of whom has the controller fail: theirs fail, all others' are there, and the controller and the image say the same.
    /// </summary>
    [Fact]
    public async Task Faults_among_many_requests_are_of_those_alone()
    {
        const int Clients = 40;
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"));
        var asked = Enumerable.Range(0, Clients).Select(i => host.Ask(
            i % 2 == 0 ? new CreateTopicsRequest { Topics = { new() { Name = $"t{i}", NumPartitions = 3, ReplicationFactor = 1 } } } : Faulty($"t{i}", 3)))
                .ToList();
        for (var i = 0; i < Clients; i++)
        {
            if (i % 2 == 0) Assert.Equal(ErrorCode.None, (await asked[i]).Topics[0].ErrorCode);
            else _ = await Assert.ThrowsAsync<NullReferenceException>(() => asked[i]);
        }

        Assert.Equal(Clients / 2, host.Node.Metadata.Image.Topics.Count);
        Assert.All(Enumerable.Range(0, Clients), i => Assert.Equal(i % 2 == 0 ? 1 : -1, host.Node.Metadata.Image.FindPartition($"t{i}", 2)?.Leader ?? -1));
        // A name that failed is free, one that did not is taken: the controller's own state holds no half of a decision.
        await Create(host, "t1", 1);
        var again = await host.Ask(new CreateTopicsRequest { Topics = { new() { Name = "t0", NumPartitions = 1, ReplicationFactor = 1 } } });
        Assert.Equal(ErrorCode.TopicAlreadyExists, again.Topics[0].ErrorCode);
    }

    /// <summary>What a heartbeat tells of may have a fault, once; the broker is alive all the same and says so.</summary>
    [Fact]
    public async Task A_heartbeat_that_fails_is_followed_by_others()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"), settings: ("broker.heartbeat.interval.ms", "20"));
        var told = 0;
        host.Broker.FailedDirectories = () => Interlocked.Increment(ref told) is 1 or 3 ? throw new InvalidOperationException("a fault") : [];
        await Eventually.Is(() => Volatile.Read(ref told) > 4);
        Assert.False(host.Node.Metadata.Image.Brokers[1].IsFenced);
    }

    /// <summary>A broker that leaves and has lost a directory says both in one heartbeat: its partitions there change once.</summary>
    [Fact]
    public async Task A_lost_directory_and_a_stop_in_one_heartbeat_change_a_partition_once()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"));
        await Create(host, "t", 1);
        var epoch = host.Node.Metadata.Image.FindPartition("t", 0)!.LeaderEpoch;
        var lost = host.Node.Metadata.Image.Brokers[1].LogDirs;
        host.Broker.FailedDirectories = () => [.. lost];
        await host.Broker.ShutDown();
        var partition = host.Node.Metadata.Image.FindPartition("t", 0)!;
        Assert.Equal((-1, epoch + 1, "1"), (partition.Leader, partition.LeaderEpoch, string.Join(',', partition.Elr)));
    }

    /// <summary>A broker that comes, goes or is fenced has a record for each of its partitions, which are more than a batch of the log may hold.</summary>
    [Fact]
    public async Task A_broker_of_very_many_partitions_comes_and_goes()
    {
        const int Topics = 18, PartitionsEach = 10_000;
        var folder = Path.Combine(_root, "data");
        var host = await QuorumHost.Start(folder);
        for (var i = 0; i < Topics; i++) await Create(host, $"t{i}", PartitionsEach);
        await host.DisposeAsync();
        host = await QuorumHost.Start(folder);
        Assert.All(Enumerable.Range(0, Topics), i => Assert.Equal((1, 2), Leadership(host, i)));
        await host.Abandon();
        host = await QuorumHost.Start(folder, isClean: false);
        Assert.All(Enumerable.Range(0, Topics), i => Assert.Equal((1, 4), Leadership(host, i)));
        await host.DisposeAsync();

        static (int, int) Leadership(QuorumHost host, int topic) =>
            host.Node.Metadata.Image.FindTopic($"t{topic}")!.Partitions.Values.Select(static p => (p.Leader, p.LeaderEpoch)).Distinct().Single();
    }

    [Fact]
    public async Task A_disk_that_fails_answers_nothing_and_ends_the_node()
    {
        var disk = new ForgetfulFileStore(TimeProvider.System);
        await using var host = await QuorumHost.Start("/data", disk);
        disk.FailSyncs(static path => path.Contains("__cluster_metadata-0", StringComparison.Ordinal));
        await Assert.ThrowsAsync<NotControllerException>(() => Create(host, "t", 1));
        await Assert.ThrowsAnyAsync<IOException>(() => host.Completion);
        Assert.Null(host.Node.Metadata.Image.FindTopic("t"));
        await Assert.ThrowsAsync<NotControllerException>(() => Create(host, "u", 1));
    }

    [Theory]
    [InlineData("60000", true)]
    [InlineData("0", false)]
    public async Task Snapshots_are_taken_read_back_and_cleaned(string deleteDelayMs, bool keepsDeleted)
    {
        var folder = Path.Combine(_root, "data");
        // Segments end by their size, however fast the machine is.
        (string, string)[] settings = [("metadata.log.max.record.bytes.between.snapshots", "2000"), ("metadata.max.retention.bytes", "4000"),
            ("internal.metadata.log.segment.bytes", "1000"),
            ("internal.metadata.delete.delay.millis", deleteDelayMs)];
        var names = new List<string>();
        for (var start = 0; start < 2; start++)
        {
            await using var host = await QuorumHost.Start(folder, settings: settings);
            Assert.Equal(names.Order(StringComparer.Ordinal), host.Node.Metadata.Image.Topics.Keys);
            for (var i = 0; i < 15; i++)
            {
                names.Add($"topic-{start}-{i}");
                await Create(host, names[^1], 1);
            }
        }

        var files = Directory.GetFiles(Path.Combine(folder, "__cluster_metadata-0")).Select(f => Path.GetFileName(f)).ToList();
        Assert.DoesNotContain("00000000000000000000-0000000000.checkpoint", files);
        Assert.Contains(files, f => f.EndsWith(".checkpoint", StringComparison.Ordinal));
        Assert.DoesNotContain("00000000000000000000.log", files);
        Assert.Equal(keepsDeleted, files.Exists(f => f.EndsWith(".checkpoint.deleted", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("metadata-static")]
    [InlineData("metadata-raised")]
    [InlineData("metadata-torn")]
    [InlineData("basic")]
    [InlineData("groups")]
    [InlineData("transactions")]
    [InlineData("compacted")]
    [InlineData("checkpoints-lost")]
    [InlineData("bad-quorum-missing")]
    [InlineData("bad-cluster-id")]
    public async Task A_directory_of_Kafkas_opens_with_the_leaders_that_Kafka_gave_it(string name)
    {
        var folder = Path.Combine(ReferenceFolder.Extract(name, _root), "data");
        (string, string)[] settings = name == "metadata-static" ? [("controller.quorum.voters", "1@localhost:29093")] : [];
        await using var host = await QuorumHost.Start(folder, settings: settings);
        using var answers = JsonDocument.Parse(await File.ReadAllBytesAsync(KafkaReference.Require("datadirs", name + ".expected", "answers", "Metadata.json"),
            TestContext.Current.CancellationToken));
        var image = host.Node.Metadata.Image;
        var seen = 0;
        foreach (var topic in answers.RootElement[0].GetProperty("response").GetProperty("topics").EnumerateArray())
        {
            var ours = image.FindTopic(Uuid.Parse(topic.GetProperty("topicId").GetString()))!;
            Assert.Equal(topic.GetProperty("name").GetString(), ours.Name);
            foreach (var partition in topic.GetProperty("partitions").EnumerateArray())
            {
                var registration = ours.Partitions[partition.GetProperty("partitionIndex").GetInt32()];
                Assert.Equal((partition.GetProperty("leaderId").GetInt32(), partition.GetProperty("leaderEpoch").GetInt32()),
                    (registration.Leader, registration.LeaderEpoch));
                seen++;
            }
        }

        Assert.Equal(seen, image.Topics.Values.Sum(t => t.Partitions.Count));
    }

    [Theory]
    [InlineData("bad-quorum-state", "Error while reading the Quorum status from the file")]
    [InlineData("bad-directory-id", "The metadata log knows node 1 by the directory id ")]
    public async Task A_quorum_that_Kafka_does_not_join_is_refused_with_one_line(string name, string line)
    {
        var folder = Path.Combine(ReferenceFolder.Extract(name, _root), "data");
        var refused = await Assert.ThrowsAsync<QuorumStateException>(() => QuorumHost.Start(folder));
        Assert.Contains(line, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task Listeners_hear_of_each_step_before_the_answer_and_in_their_order()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"));
        var heard = new List<string>();
        await host.Node.Metadata.Attach(new Listener("first", heard));
        await host.Node.Metadata.Attach(new Listener("second", heard));
        heard.Clear();
        await Create(host, "t", 1);
        Assert.Equal(["first t", "second t"], heard);
    }

    [Fact]
    public async Task Kafkas_own_tool_reads_log_and_snapshots_without_a_complaint()
    {
        var tool = KafkaReference.Require("kafka");
        if (!File.Exists("/usr/bin/java") && Environment.GetEnvironmentVariable("JAVA") is null)
        {
            Assert.Skip("There is no Java to run kafka-dump-log with.");
        }

        var folder = Path.Combine(_root, "data");
        await using (var host = await QuorumHost.Start(folder, settings: ("metadata.log.max.record.bytes.between.snapshots", "3000")))
        {
            for (var i = 0; i < 30; i++)
            {
                await Create(host, $"topic-{i}", 2);
            }
        }

        var files = string.Join(',', Directory.GetFiles(Path.Combine(folder, "__cluster_metadata-0"))
            .Where(f => f.EndsWith(".log", StringComparison.Ordinal) || f.EndsWith(".checkpoint", StringComparison.Ordinal)));
        var start = new ProcessStartInfo("bash", [tool, "kafka-dump-log", "--cluster-metadata-decoder", "--files", files])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)
            + await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"topic-29\"", text, StringComparison.Ordinal);
        Assert.Contains("KRaftVoters", text, StringComparison.Ordinal);
        Assert.Contains("SnapshotFooter", text, StringComparison.Ordinal);
        foreach (var complaint in (string[])["isvalid: false", "Exception", "Could not", "Found", "error"])
        {
            Assert.DoesNotContain(complaint, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static async Task<Uuid> Create(QuorumHost host, string name, int partitions)
    {
        var request =
            new CreateTopicsRequest { Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = -1 }] };
        var result = (await host.Ask(request)).Topics[0];
        Assert.Equal((ErrorCode.None, null), (result.ErrorCode, result.ErrorMessage));
        Assert.Equal(partitions, host.Node.Metadata.Image.FindTopic(name)!.Partitions.Count);
        return result.TopicId;
    }

    /// <summary>No bytes can be read as such a request: its second topic has the controller fail, when the first is decided.</summary>
    private static CreateTopicsRequest Faulty(string name, int partitions) => new()
    {
        Topics =
        {
            new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 },
            new() { Name = name + "-b", NumPartitions = partitions, ReplicationFactor = 1, Configs = { null! } },
        },
    };

    private sealed class Listener(string name, List<string> heard) : IMetadataListener
    {
        public ValueTask OnMetadata(MetadataStep step)
        {
            heard.AddRange(step.Delta.ChangedTopics.Values.Select(t => $"{name} {t.Name}"));
            return ValueTask.CompletedTask;
        }
    }
}
