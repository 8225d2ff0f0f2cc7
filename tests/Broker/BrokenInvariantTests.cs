using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;

namespace KafkaCompat.Broker.Tests;

/// <summary>
/// An invariant that does not hold ends the node, wherever that is met: nothing is acknowledged any more, no directory is marked clean, and no file is written
/// that would vouch for what is wrong. Other nodes of the process go on.
/// </summary>
public sealed class BrokenInvariantTests : IDisposable
{
    private const string CleanMark = "/data/.kafka_cleanshutdown";

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);
    private readonly FailingTime _time = new();
    private readonly RecordedLines _lines = new(LogLevel.Error);

    public void Dispose() => _lines.Dispose();

    /// <summary>Everybody who catches whatever there may be, so that one fault does not cost all: by a type that stands between it and the fault.</summary>
    public static TheoryData<string> Catchers =>
    [
        // A connection, for its handlers.
        "ProduceHandler",
        // A coordinator's shard.
        "ShardLoop",
        // The mailboxes of the controller and the quorum.
        "ControllerLoop",
        "ControllerState",
        "QuorumLoop",
        // Background tasks, on the disk's threads.
        "LogMaintenance",
        "LogSyncer",
        // Who follows the metadata, and who hears of it.
        "MetadataApplier",
        "HostedPartitions",
    ];

    [Theory]
    [MemberData(nameof(Catchers))]
    public async Task A_broken_invariant_ends_the_node_wherever_it_is_met(string where)
    {
        await using var other = await Start(new ForgetfulFileStore(TimeProvider.System), TimeProvider.System);
        string[] checkpoints;
        long acknowledged;
        Task first;
        await using (var node = await Start(_files, _time))
        {
            var client = Connect(node);
            await CreateTopic(client, "t");
            await CreateTopic(client, "__consumer_offsets");
            acknowledged = await Records.Send(client, "t", Records.Batch(10));
            _time.FailIn(where);
            first = Work(node);
            var broken = await Assert.ThrowsAsync<InvariantException>(() => node.Completion);
            Assert.Same(_time.Thrown, broken);
            checkpoints = Checkpoints();
            // A connection that was there, and one that comes.
            _ = await client.Post(Records.Produce("t", Records.Batch()), 12);
            Assert.Null(await client.Receive());
            var late = Connect(node);
            await late.Served;
        }
        // A connection that came while the node ended is closed by its stop.
        await first;
        Assert.False(_files.FileExists(CleanMark));
        Assert.Equal(checkpoints, Checkpoints());
        Assert.Single(_lines.Lines, static line => line.Contains("An invariant of the node does not hold.", StringComparison.Ordinal));
        await CreateTopic(Connect(other), "u");
        Assert.Equal(0, await Records.Send(Connect(other), "u", Records.Batch(1)));
        // What was acknowledged is there when the files were looked through.
        await using var next = await Start(_files, TimeProvider.System);
        // With a sync an acknowledgement they are shown when the start has synced them again.
        var reader = Connect(next);
        long[] offsets = [];
        await Eventually.Is(async () =>
        {
            var fetched = await reader.Ask<FetchRequest, FetchResponse>(Records.Fetch("t", 0), 12);
            offsets = [.. Records.BaseOffsets(fetched.Responses[0].Partitions[0].Records)];
            return offsets.Length > 0;
        });
        Assert.Equal(acknowledged, offsets[0]);
    }

    [Theory]
    [InlineData("LogDirectory")]
    [InlineData("BrokerLifecycle")]
    public async Task A_broken_invariant_that_is_met_in_a_stop_fails_it(string where)
    {
        var node = await Start(_files, _time);
        await CreateTopic(Connect(node), "t");
        _time.FailIn(where);
        var broken = await Assert.ThrowsAsync<InvariantException>(() => node.DisposeAsync().AsTask());
        Assert.Same(_time.Thrown, broken);
        Assert.False(_files.FileExists(CleanMark));
        Assert.Contains("An invariant of the node does not hold.", Assert.Single(_lines.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_invariant_that_is_met_in_a_start_fails_it()
    {
        await using (await Start(_files, TimeProvider.System))
        {
        }
        _time.FailIn("LogLoader");
        var broken = await Assert.ThrowsAsync<InvariantException>(() => Start(_files, _time));
        Assert.Same(_time.Thrown, broken);
        Assert.Contains("An invariant of the node does not hold.", Assert.Single(_lines.Lines), StringComparison.Ordinal);
    }

    /// <summary>Something for everybody to do: until the node ends a topic is made, records are sent and read, and offsets are committed.</summary>
    private static async Task Work(BrokerNode node)
    {
        for (var i = 0; !node.Completion.IsCompleted; i++)
        {
            var (topics, data) = (Connect(node), Connect(node));
            _ = await topics.Post(NewTopic($"w{i}"), 7);
            _ = await topics.Post(Commit(), 8);
            _ = await data.Post(Records.Produce("t", Records.Batch()), 12);
            _ = await data.Post(Records.Fetch("t", 0), 12);
            // An answer, or the end of the connection.
            _ = await topics.Receive();
            _ = await data.Receive();
        }
    }

    private Task<BrokerNode> Start(IFileStore files, TimeProvider time) => BrokerNode.StartAsync(
        TestNode.ConfigOf(("log.dirs", "/data"), ("log.flush.interval.messages", "1"), ("offsets.topic.num.partitions", "1")), files, time, new Random(5),
        _lines);

    private string[] Checkpoints() =>
    [
        .. _files.List("/data").Where(static entry => entry.Name.EndsWith("-checkpoint", StringComparison.Ordinal))
            .Select(entry => $"{entry.Name}: {System.Text.Encoding.ASCII.GetString(_files.ReadAllBytes($"/data/{entry.Name}"))}").Order(StringComparer.Ordinal),
    ];

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static CreateTopicsRequest NewTopic(string name) =>
        new() { Topics = { new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 } }, TimeoutMs = 60_000 };

    private static async Task CreateTopic(MemoryClient client, string name) =>
        Assert.Equal(ErrorCode.None, (await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(NewTopic(name), 7)).Topics[0].ErrorCode);

    private static OffsetCommitRequest Commit() => new()
    {
        GroupId = "g",
        Topics = { new() { Name = "t", Partitions = { new() { PartitionIndex = 0, CommittedOffset = 1 } } } },
    };

    /// <summary>A clock that finds an invariant broken, once, where it is asked below a type.</summary>
    private sealed class FailingTime : TimeProvider
    {
        private string? _where;

        public InvariantException? Thrown { get; private set; }

        public void FailIn(string where) => Volatile.Write(ref _where, where);

        public override long GetTimestamp()
        {
            Look();
            return base.GetTimestamp();
        }

        public override DateTimeOffset GetUtcNow()
        {
            Look();
            return base.GetUtcNow();
        }

        private void Look()
        {
            if (Volatile.Read(ref _where) is not { } where || !Environment.StackTrace.Contains(where, StringComparison.Ordinal)) return;
            if (Interlocked.CompareExchange(ref _where, null, where) != where) return;
            Thrown = new InvariantException($"t-0: met below {where}", "time passes");
            throw Thrown;
        }
    }
}
