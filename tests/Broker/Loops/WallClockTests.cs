using System.Net;
using KafkaCompat.Broker.Connections;
using KafkaCompat.Broker.Fetching;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Broker.Tests.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Loops;

/// <summary>
/// The wall clock is set under a running node, by NTP, by a person, or because a laptop slept: spans of time do not change by it, and what is stamped from then
/// on has the time that it is now. What groups do is in <see cref="Coordination.GroupSessionTests"/>.
/// </summary>
public sealed class WallClockTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-clock-").FullName;
    private readonly ManualTime _time = new();

    public static TheoryData<int> Jumps => [300, -3_600, 1_000_000_000];

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task No_broker_is_fenced_and_a_silent_one_is(int seconds)
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"), time: _time);
        await Create(host, "t");
        for (var jump = 0; jump < 3; jump++)
        {
            _time.SetWall(TimeSpan.FromSeconds(jump == 1 ? -2 * seconds : seconds));
            for (var i = 0; i < 10; i++) await Pass(host, 500);
        }
        var partition = host.Node.Metadata.Image.FindPartition("t", 0)!;
        Assert.Equal((1, 0, false), (partition.Leader, partition.LeaderEpoch, host.Node.Metadata.Image.Brokers[1].IsFenced));

        // Its heartbeats end, and so does its session, whatever the wall clock says.
        await host.Silence();
        _time.SetWall(TimeSpan.FromSeconds(-seconds));
        for (var i = 0; i < 20; i++) await Pass(host, 500);
        Assert.True(host.Node.Metadata.Image.Brokers[1].IsFenced);
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task A_request_to_the_controller_has_the_time_that_it_was_given(int seconds)
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"), time: _time);
        var held = new HeldListener();
        await host.Node.Metadata.Attach(held);
        held.Hold();
        var first = host.Ask(Topic("held", 60_000));
        await held.IsHeld;
        var behind = host.Ask(Topic("behind", 60_000));
        _time.SetWall(TimeSpan.FromSeconds(seconds));
        held.Release();
        Assert.Equal(ErrorCode.None, (await first).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.None, (await behind).Topics[0].ErrorCode);
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public async Task A_connection_is_held_up_as_long_as_it_was_to_be(int seconds)
    {
        var config = TestNode.ConfigOf(("max.connection.creation.rate", "2"), ("quota.window.num", "11"), ("quota.window.size.seconds", "1"));
        var quota = new ConnectionQuota(["PLAINTEXT"], config, static host => IPAddress.Parse(host), _time);
        for (var i = 0; i < 20; i++) Assert.Equal(ConnectionAdmission.Admitted, (await quota.Enter("PLAINTEXT", IPAddress.Loopback)).Admission);
        var next = quota.Enter("PLAINTEXT", IPAddress.Loopback).AsTask();
        _time.SetWall(TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ConnectionAdmission.Admitted, (await next.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)).Admission);
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public void A_fetch_session_gives_way_when_it_has_rested_and_not_before(int seconds)
    {
        var cache = new FetchSessionCache(1, new Random(1), _time);
        Assert.NotNull(cache.Open(Fetch(), 12, static _ => null).Session);
        _time.SetWall(TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromMilliseconds(119_999));
        Assert.Null(cache.Open(Fetch(), 12, static _ => null).Session);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull(cache.Open(Fetch(), 12, static _ => null).Session);

        static FetchRequest Fetch() => new() { SessionEpoch = 0, Topics = { new() { Topic = "t", Partitions = { new() { Partition = 0 } } } } };
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public void Records_are_stamped_with_the_time_that_it_is(int seconds)
    {
        using var directory = LogDirectory.Open(new LogEnvironment(new ForgetfulFileStore(_time), _time, new Random(1)), "/data");
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
        var log = directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        var config = Broker.Configs.TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string> { ["message.timestamp.type"] = "LogAppendTime" });
        var partition = new Partition(new Uuid(7, 9), log, config, 0, new LogSyncer(), _time);
        partition.Lead(3);
        foreach (var jump in new[] { seconds, -seconds, -seconds, seconds })
        {
            Append();
            _time.SetWall(TimeSpan.FromSeconds(jump));
            Append();
            _time.Advance(TimeSpan.FromMilliseconds(5));
        }

        void Append()
        {
            var appended = partition.Append(RecordBytes.From(Records.Batch(2).AsMemory()), 1, 12);
            Assert.Equal(_time.WallMs(), appended.LogAppendTimeMs);
            using var region = partition.Read(appended.BaseOffset, 1 << 20, true, false, -1, -1).Region;
            Assert.True(RecordBatchHeader.TryRead(region!.ToArray(), out var header));
            Assert.Equal(_time.WallMs(), header.MaxTimestamp);
        }
    }

    [Theory]
    [MemberData(nameof(Jumps))]
    public void The_folders_of_deleted_topics_go_when_their_delay_is_over_and_not_before(int seconds)
    {
        var files = new ForgetfulFileStore(_time);
        using var directory = LogDirectory.Open(new LogEnvironment(files, _time, new Random(1)), "/data");
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
        _ = directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default with { FileDeleteDelayMs = 60_000 });
        directory.Delete(new TopicPartition("t", 0));
        _time.SetWall(TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromMilliseconds(59_999));
        directory.DeleteDue(_time.TickMs());
        Assert.Contains(files.List("/data"), static entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        directory.DeleteDue(_time.TickMs());
        Assert.DoesNotContain(files.List("/data"), static entry => entry.Name.EndsWith("-delete", StringComparison.Ordinal));
    }

    /// <summary>
    /// A turn of the controller may last longer than a session, and so may the queue behind it. A broker whose heartbeat lies there has done all that it can.
    /// </summary>
    [Fact]
    public async Task A_broker_whose_heartbeat_waits_for_its_turn_is_not_fenced()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"), time: _time);
        await Create(host, "t");
        var held = new HeldListener();
        await host.Node.Metadata.Attach(held);
        for (var round = 0; round < 3; round++)
        {
            held.Hold();
            var waiting = new List<Task> { host.Ask(Topic($"slow-{round}", 600_000)) };
            await held.IsHeld;
            for (var i = 0; i < 200; i++) waiting.Add(host.Ask(new ElectLeadersRequest { TimeoutMs = 600_000, TopicPartitions = [] }));
            _time.Advance(TimeSpan.FromSeconds(30));
            held.Release();
            await Task.WhenAll(waiting);
            for (var i = 0; i < 10; i++) await Pass(host, 500);
        }
        var partition = host.Node.Metadata.Image.FindPartition("t", 0)!;
        Assert.Equal((1, 0, false), (partition.Leader, partition.LeaderEpoch, host.Node.Metadata.Image.Brokers[1].IsFenced));
    }

    /// <summary>A process that is stopped and goes on (a container that is paused, a debugger) hears of nobody meanwhile, which is nobody's silence.</summary>
    [Fact]
    public async Task A_node_that_was_stopped_for_an_hour_goes_on_as_before()
    {
        await using var host = await QuorumHost.Start(Path.Combine(_root, "data"), time: _time);
        await Create(host, "t");
        _time.Sleep(TimeSpan.FromHours(1));
        for (var i = 0; i < 10; i++) await Pass(host, 500);
        var partition = host.Node.Metadata.Image.FindPartition("t", 0)!;
        Assert.Equal((1, 0, false), (partition.Leader, partition.LeaderEpoch, host.Node.Metadata.Image.Brokers[1].IsFenced));
    }

    /// <summary>Time passes, and the controller has seen it: it writes a record every half second.</summary>
    private async Task Pass(QuorumHost host, int ms)
    {
        var before = host.Node.Metadata.AppliedOffset;
        _time.Advance(TimeSpan.FromMilliseconds(ms));
        await Eventually.Is(() =>
        {
            // A timer that was set only now, to a time that has come, fires.
            _time.Advance(TimeSpan.Zero);
            return host.Node.Metadata.AppliedOffset > before;
        });
    }

    private static CreateTopicsRequest Topic(string name, int timeoutMs) =>
        new() { TimeoutMs = timeoutMs, Topics = { new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 } } };

    private static async Task Create(QuorumHost host, string name) =>
        Assert.Equal(ErrorCode.None, (await host.Ask(Topic(name, 60_000))).Topics[0].ErrorCode);
}
