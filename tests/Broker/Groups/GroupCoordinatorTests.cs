using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Tests.Coordination;
using KafkaCompat.Broker.Tests.Time;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Groups;

/// <summary>The loop around the group machine: loading, order of append and reply, and the one way back from a failed append.</summary>
public sealed class GroupCoordinatorTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TimerWheel _wheel;
    private readonly MemoryShardLog _log = new();
    private readonly GroupCoordinator _coordinator;

    public GroupCoordinatorTests()
    {
        _wheel = new TimerWheel(_time);
        _coordinator = Coordinator();
    }

    public void Dispose() => _wheel.Dispose();

    [Fact]
    public async Task Nobody_coordinates_before_the_log_exists()
    {
        var answer = await new GroupCoordinator(new GroupSettings(), new ShardSurroundings(_time, _wheel, NullLogger.Instance, TaskScheduler.Default)).Ask<HeartbeatResponse>(Heartbeat());
        Assert.Equal(ErrorCode.NotCoordinator, answer.ErrorCode);
    }

    [Fact]
    public async Task Committed_offsets_survive_a_change_of_leadership()
    {
        Assert.Equal(ErrorCode.None, await Commit(42));
        _coordinator.Resign(0);
        Assert.Equal(ErrorCode.NotCoordinator, await Commit(43));
        _coordinator.Lead(0, _log);
        Assert.Equal(42, await Fetch());
    }

    [Fact]
    public async Task Replies_wait_for_the_commit_and_reads_wait_with_them()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        _log.CommitsAtOnce = false;
        var commit = Commit(2);
        var fetch = Fetch();
        Assert.False(commit.IsCompleted);
        Assert.False(fetch.IsCompleted);
        _log.Commit();
        Assert.Equal(ErrorCode.None, await commit);
        Assert.Equal(2, await fetch);
    }

    /// <summary>offsets.commit.timeout.ms: the asker is sent away, and what was appended may be committed after all.</summary>
    [Fact]
    public async Task A_commit_that_takes_too_long_sends_its_asker_away_and_counts_when_it_comes()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        _log.CommitsAtOnce = false;
        var first = Commit(2);
        _time.Advance(TimeSpan.FromSeconds(4));
        var second = Commit(3);
        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Commit(ErrorCode.RequestTimedOut);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, await first);
        Assert.False(second.IsCompleted);
        Assert.Equal([5_000, 4_000], _log.Timeouts);
        _log.Commit();
        Assert.Equal(ErrorCode.None, await second);
        _log.CommitsAtOnce = true;
        Assert.Equal(3, await Fetch());
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Batches_are_compressed_as_the_settings_say_and_read_back(CompressionType codec)
    {
        _coordinator.Close();
        var log = new MemoryShardLog();
        var compressing = new GroupCoordinator(new GroupSettings { OffsetsCodec = codec }, new ShardSurroundings(_time, _wheel, NullLogger.Instance, TaskScheduler.Default)) { PartitionCount = 1 };
        compressing.Lead(0, log);
        await Eventually.Is(() => compressing.LoadedPartitions == 1);
        var commit = new CommitOffsetsCommand(
            new OffsetCommitRequest { GroupId = "g", Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = 42 }] }] }, KnowsGroupIdNotFound: true);
        Assert.Equal(ErrorCode.None, (await compressing.Ask<OffsetCommitResponse>(commit)).Topics[0].Partitions[0].ErrorCode);
        Assert.True(RecordBatchHeader.TryRead(log.Read(0, 1).Batches.Span, out var header));
        Assert.Equal(codec, header.Codec);
        compressing.Close();
        var next = Coordinator();
        next.Resign(0);
        next.Lead(0, log);
        await Eventually.Is(() => next.LoadedPartitions == 1);
        var fetched = await next.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false));
        Assert.Equal(42, fetched.Topics.Single().Partitions.Single().CommittedOffset);
    }

    [Fact]
    public async Task A_failed_append_sends_all_away_and_loads_the_log_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        _log.FailWith = ErrorCode.KafkaStorageError;
        Assert.Equal(ErrorCode.NotCoordinator, await Commit(2));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, await Commit(3));
        _log.FailWith = ErrorCode.None;
        await Eventually.Is(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return await Commit(4) == ErrorCode.None;
        });
        Assert.Equal(4, await Fetch());
    }

    [Theory]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.RecordListTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    public async Task A_batch_that_the_log_refuses_is_the_askers_affair_alone(ErrorCode refusal, ErrorCode told)
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        _log.FailWith = refusal;
        Assert.Equal(told, await Commit(2));
        Assert.Equal(1, await Fetch());
    }

    [Theory]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    public async Task An_assignment_that_the_log_refuses_is_told_to_all_who_wait_for_it(ErrorCode refusal, ErrorCode told)
    {
        var (leader, follower) = await TwoMembers();
        var waiting = Sync(follower);
        Assert.False(waiting.IsCompleted);
        _log.FailWith = refusal;
        Assert.Equal(told, (await Sync(leader)).ErrorCode);
        Assert.Equal(told, (await waiting).ErrorCode);
        _log.FailWith = ErrorCode.None;
        Assert.Equal("PreparingRebalance", (await Describe()).GroupState);
        Assert.Equal(ErrorCode.RebalanceInProgress, await Beat(leader));
        Assert.Equal(ErrorCode.RebalanceInProgress, await Beat(follower));
        // Both come back, and the group goes on.
        var again = (Join(leader.MemberId), Join(follower.MemberId));
        Assert.Equal((2, 2), ((await again.Item1).GenerationId, (await again.Item2).GenerationId));
        var assigned = Sync(follower with { Generation = 2 });
        Assert.Equal(ErrorCode.None, (await Sync(leader with { Generation = 2 })).ErrorCode);
        Assert.Equal(ErrorCode.None, (await assigned).ErrorCode);
    }

    [Fact]
    public async Task An_assignment_whose_fate_is_unknown_is_told_to_all_who_wait_for_it()
    {
        var (leader, follower) = await TwoMembers();
        var waiting = Sync(follower);
        _log.FailWith = ErrorCode.KafkaStorageError;
        Assert.Equal(ErrorCode.NotCoordinator, (await Sync(leader)).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, (await waiting).ErrorCode);
    }

    [Fact]
    public async Task A_static_member_whose_return_cannot_be_kept_learns_of_the_generation_that_goes_on()
    {
        var first = Join("", "i");
        await Turn(first);
        var member = await first;
        Assert.Equal(ErrorCode.None, (await Sync(new(member.MemberId, 1))).ErrorCode);
        _log.FailWith = ErrorCode.RecordListTooLarge;
        var back = await Join("", "i");
        Assert.Equal((ErrorCode.UnknownServerError, 1, "", member.MemberId), (back.ErrorCode, back.GenerationId, back.MemberId, back.Leader));
        _log.FailWith = ErrorCode.None;
        Assert.Equal((ErrorCode.None, "Stable"), (await Beat(new(member.MemberId, 1), "i"), (await Describe()).GroupState));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task A_log_that_ends_in_offsets_without_records_is_loaded(long gap)
    {
        Assert.Equal(ErrorCode.None, await Commit(7));
        _coordinator.Resign(0);
        _log.GapAtEnd = gap;
        _coordinator.Lead(0, _log);
        Assert.Equal(7, await Fetch());
        Assert.Equal(2, _log.Loads);
    }

    /// <summary>Whoever brings work does it, which may be a socket's thread: it is not kept there by the work of others.</summary>
    [Fact]
    public async Task A_turn_ends_after_some_commands_and_the_rest_follows_in_others()
    {
        _coordinator.Close();
        var turns = new QueuedTurns();
        var coordinator = Coordinator(turns);
        await Eventually.Is(() =>
        {
            _ = turns.TakeOne();
            return Task.FromResult(coordinator.LoadedPartitions == 1);
        });
        while (turns.TakeOne())
        {
        }
        var before = _log.Batches;
        var commits = new List<Task>();
        _log.Appending = () =>
        {
            for (var i = 0; i < 199; i++) commits.Add(coordinator.Ask<OffsetCommitResponse>(CommitOf(i, $"g{i}")).AsTask());
        };
        commits.Add(coordinator.Ask<OffsetCommitResponse>(CommitOf(1, "g")).AsTask());
        var done = new List<int> { _log.Batches - before };
        while (turns.TakeOne()) done.Add(_log.Batches - before);
        Assert.Equal([64, 128, 192, 200], done);
        await Task.WhenAll(commits);
    }

    [Fact]
    public async Task What_has_ended_by_the_clock_has_ended_for_whoever_asks()
    {
        // The wheel turns in steps of ten milliseconds, and the session ends between two of them.
        _time.Advance(TimeSpan.FromMilliseconds(3));
        var joining = Join((await Join("")).MemberId);
        await Turn(joining);
        var member = new Member((await joining).MemberId, 1);
        Assert.Equal(ErrorCode.None, (await Sync(member)).ErrorCode);
        _time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal("Stable", (await Describe()).GroupState);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("Empty", (await _coordinator.List(new ListGroupsCommand([], []))).Groups.Single().GroupState);
        Assert.Equal("Empty", (await Describe()).GroupState);
        Assert.Equal(ErrorCode.None, (await Ready<DeleteGroupsResponse.DeletableGroupResult>(new DeleteGroupCommand("g"), static answer => answer.ErrorCode)).ErrorCode);
    }

    /// <summary>A laptop that slept, NTP, a person: the wall clock jumps, and nobody's session, delay or retry has to do with it.</summary>
    [Theory]
    [InlineData(300)]
    [InlineData(-3_600)]
    [InlineData(1_000_000_000)]
    public async Task Sessions_and_delays_do_not_follow_the_wall_clock(int seconds)
    {
        var joining = Join((await Join("")).MemberId);
        _time.SetWall(TimeSpan.FromSeconds(seconds));
        await Turn(joining);
        var member = new Member((await joining).MemberId, 1);
        Assert.Equal(ErrorCode.None, (await Sync(member)).ErrorCode);
        _time.SetWall(TimeSpan.FromSeconds(seconds > 0 ? seconds : -seconds));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ErrorCode.None, await Beat(member));
        _time.SetWall(TimeSpan.FromSeconds(-seconds));
        _time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.Is(async () => (await Describe()).GroupState == "Empty");
    }

    [Fact]
    public async Task An_exception_while_a_decision_is_carried_out_sends_all_away_and_loads_the_log_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(1, "h"));
        var joining = Join((await Join("")).MemberId);
        Assert.False(joining.IsCompleted);
        _log.AppendFault = new InvalidOperationException("a fault that nobody foresaw");
        Assert.Equal(ErrorCode.UnknownServerError, await Commit(2, "h"));
        Assert.Equal(ErrorCode.UnknownServerError, (await joining).ErrorCode);
        await Eventually.Is(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return await Commit(3) == ErrorCode.None;
        });
        Assert.Equal(3, await Fetch());
    }

    [Fact]
    public async Task A_load_that_ends_in_an_exception_is_tried_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        _coordinator.Resign(0);
        _log.ReadFaults.Enqueue(new EndOfStreamException("the file is shorter than it was"));
        _log.ReadFaults.Enqueue(new ArgumentException("a record of another kind"));
        _coordinator.Lead(0, _log);
        await Eventually.Is(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return (await Describe()).ErrorCode == ErrorCode.None;
        });
        Assert.Empty(_log.ReadFaults);
        Assert.Equal(5, await Fetch());
    }

    [Fact]
    public async Task A_log_that_can_be_read_and_not_written_is_loaded_less_and_less_often()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        _coordinator.Close();
        _log.FailWith = ErrorCode.KafkaStorageError;
        var (first, seconds) = (_log.Loads, 0);
        var loadedAt = new List<int>();
        // What was committed was for a topic that is gone, which is the first thing to be written.
        var next = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(_time, _wheel, NullLogger.Instance, TaskScheduler.Default), static () => MetadataImage.Empty) { PartitionCount = 1 };
        next.Lead(0, _log);
        await Eventually.Is(() =>
        {
            if (_log.Loads - first > loadedAt.Count)
            {
                loadedAt.Add(seconds);
            }
            else if (loadedAt.Count > 0)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                seconds++;
            }
            return Task.FromResult(loadedAt.Count == 5);
        });
        Assert.All(loadedAt.Zip(loadedAt.Skip(1)), (pair, failures) => Assert.InRange(pair.Second - pair.First, 1 << failures, int.MaxValue));
        next.Close();
    }

    [Fact]
    public async Task A_group_record_that_names_a_member_twice_is_passed_over()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        var twice = new GroupMetadataValue.MemberMetadata { MemberId = "m", ClientId = "c", ClientHost = "/h" };
        var record = new ShardRecord(2, new GroupMetadataKey { Group = "odd" }, 3, new GroupMetadataValue { ProtocolType = "consumer", Members = [twice, twice] });
        _ = _log.Append(ShardLog.ToBatch([record], 0));
        Assert.Equal(ErrorCode.None, await Commit(6));
        _coordinator.Resign(0);
        _coordinator.Lead(0, _log);
        Assert.Equal(6, await Fetch());
    }

    [Fact]
    public async Task Members_wait_for_the_rebalance_and_lose_their_place_in_time()
    {
        var first = await Join("");
        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        var joining = Join(first.MemberId);
        Assert.False(joining.IsCompleted);
        JoinGroupResponse? joined = null;
        await Eventually.Is(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            return Task.FromResult(joining.IsCompleted);
        });
        joined = await joining;
        Assert.Equal(1, joined.GenerationId);
        var synced = await _coordinator.Ask<SyncGroupResponse>(new SyncGroupCommand(new SyncGroupRequest { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1 }));
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        await Eventually.Is(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return (await Describe()).GroupState == "Empty";
        });
        Assert.Equal(3, _log.Batches);
    }

    [Fact]
    public async Task Who_waits_when_leadership_goes_is_told_to_look_elsewhere()
    {
        var first = await Join("");
        var joining = Join(first.MemberId);
        _coordinator.Resign(0);
        Assert.Equal(ErrorCode.NotCoordinator, (await joining).ErrorCode);
    }

    [Fact]
    public async Task A_topic_that_goes_while_a_shard_loads_is_forgotten_all_the_same()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        _coordinator.Resign(0);
        _coordinator.Lead(0, _log);
        _coordinator.TopicsDeleted(["t"]);
        await Eventually.Is(async () => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false),
            answer => answer.ErrorCode)).Topics.Count == 0);
    }

    [Fact]
    public async Task Offsets_that_are_forgotten_go_in_pieces_where_the_log_takes_small_batches_only()
    {
        for (var i = 0; i < 50; i++)
            Assert.Equal(ErrorCode.None, await Commit(1, $"group-{i}"));
        var joining = Join((await Join("")).MemberId);
        _log.MaxBatchBytes = 200;
        _coordinator.TopicsDeleted(["t"]);
        await Eventually.Is(async () => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "group-49", Topics = null }, RequireStable: false),
            answer => answer.ErrorCode)).Topics.Count == 0);
        Assert.False(joining.IsCompleted);
    }

    [Fact]
    public async Task A_record_too_large_for_the_log_does_not_send_the_shard_away()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        var joining = Join((await Join("")).MemberId);
        _log.MaxBatchBytes = 10;
        _coordinator.TopicsDeleted(["t"]);
        Assert.Equal(1, await Fetch());
        Assert.False(joining.IsCompleted);
    }

    [Fact]
    public async Task What_was_deleted_while_nobody_looked_is_forgotten_after_loading()
    {
        Assert.Equal(ErrorCode.None, await Commit(1, "g"));
        _coordinator.Close();
        var next = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(_time, _wheel, NullLogger.Instance, TaskScheduler.Default), static () => MetadataImage.Empty) { PartitionCount = 1 };
        next.Lead(0, _log);
        await Eventually.Is(async () => await next.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false))
            is { ErrorCode: ErrorCode.None, Topics.Count: 0 });
        Assert.Equal(2, _log.Batches);
    }

    [Fact]
    public async Task A_shard_counts_as_loading_until_it_has_read_its_log()
    {
        await Eventually.Is(() => Task.FromResult(_coordinator.LoadedPartitions == 1));
        Assert.Equal(ErrorCode.None, await Commit(1));
        var counts = _coordinator.Count();
        Assert.Equal((1, 1), (counts.Groups[(GroupType.Classic, "Empty")], counts.Offsets));
        var broken = new MemoryShardLog();
        broken.ReadFaults.Enqueue(new IOException("torn"));
        _ = broken.Append(_log.Read(0, 1).Batches);
        _coordinator.Lead(1, broken);
        Assert.Equal((1, 1), (_coordinator.LoadedPartitions, _coordinator.LoadingPartitions));
        await Eventually.Is(() =>
        {
            // The load that failed is tried again after a while.
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(_coordinator.LoadingPartitions == 0);
        });
        Assert.Equal(2, _coordinator.Count().Groups[(GroupType.Classic, "Empty")]);
    }

    [Fact]
    public async Task Listings_join_the_shards()
    {
        _coordinator.PartitionCount = 2;
        var other = new MemoryShardLog();
        _coordinator.Lead(1, other);
        var groups = Enumerable.Range(0, 10).Select(i => $"group-{i}").ToArray();
        foreach (var group in groups)
            await Eventually.Is(async () => await Commit(1, group) == ErrorCode.None);
        var listing = await _coordinator.List(new ListGroupsCommand([], []));
        Assert.Equal(groups, listing.Groups.Select(g => g.GroupId).Order(StringComparer.Ordinal));
        Assert.NotEqual(0, other.Batches);
        Assert.NotEqual(0, _log.Batches);
    }

    private GroupCoordinator Coordinator(TaskScheduler? turns = null)
    {
        var coordinator = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(_time, _wheel, NullLogger.Instance, turns ?? TaskScheduler.Default)) { PartitionCount = 1 };
        coordinator.Lead(0, _log);
        return coordinator;
    }

    private async Task<ErrorCode> Commit(long offset, string group = "g") => (await Ready<OffsetCommitResponse>(
        CommitOf(offset, group),
        answer => answer.Topics[0].Partitions[0].ErrorCode)).Topics[0].Partitions[0].ErrorCode;

    private async Task<long> Fetch() => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
        new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false),
        answer => answer.ErrorCode)).Topics[0].Partitions[0].CommittedOffset;

    private async Task<DescribeGroupsResponse.DescribedGroup> Describe() =>
        await Ready<DescribeGroupsResponse.DescribedGroup>(new DescribeGroupCommand("g"), answer => answer.ErrorCode);

    private async Task<JoinGroupResponse> Join(string memberId, string? instance = null, string suffix = "1") => await Ready<JoinGroupResponse>(
        new JoinGroupCommand(
            new JoinGroupRequest
            {
                GroupId = "g",
                MemberId = memberId,
                GroupInstanceId = instance,
                ProtocolType = "consumer",
                SessionTimeoutMs = 10_000,
                RebalanceTimeoutMs = 20_000,
                Protocols = [new() { Name = "range", Metadata = [1] }],
            },
            "client", "/127.0.0.1", suffix, true, true),
        answer => answer.ErrorCode);

    private async Task<(Member Leader, Member Follower)> TwoMembers()
    {
        var joining = (Join((await Join("", suffix: "1")).MemberId), Join((await Join("", suffix: "2")).MemberId));
        await Turn(joining.Item1);
        await Turn(joining.Item2);
        var answers = new[] { await joining.Item1, await joining.Item2 };
        return (Of(answers.Single(static a => a.Leader == a.MemberId)), Of(answers.Single(static a => a.Leader != a.MemberId)));

        static Member Of(JoinGroupResponse joined) => new(joined.MemberId, joined.GenerationId);
    }

    /// <summary>Lets time pass until something is answered: the first rebalance waits for company.</summary>
    private Task Turn(Task waiting) => Eventually.Is(() =>
    {
        if (!waiting.IsCompleted) _time.Advance(TimeSpan.FromMilliseconds(100));
        return Task.FromResult(waiting.IsCompleted);
    });

    private Task<SyncGroupResponse> Sync(Member member) =>
        _coordinator.Ask<SyncGroupResponse>(new SyncGroupCommand(new SyncGroupRequest { GroupId = "g", MemberId = member.MemberId, GenerationId = member.Generation })).AsTask();

    private async Task<ErrorCode> Beat(Member member, string? instance = null) => (await _coordinator.Ask<HeartbeatResponse>(
        new HeartbeatCommand(new HeartbeatRequest { GroupId = "g", MemberId = member.MemberId, GenerationId = member.Generation, GroupInstanceId = instance }))).ErrorCode;

    private static CommitOffsetsCommand CommitOf(long offset, string group) => new(
        new OffsetCommitRequest { GroupId = group, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = offset }] }] },
        KnowsGroupIdNotFound: true);

    private sealed record Member(string MemberId, int Generation);

    private static HeartbeatCommand Heartbeat() => new(new HeartbeatRequest { GroupId = "g", MemberId = "m" });

    /// <summary>Asks again while the shard loads, as a client does; a load that a test brought about itself is not waited for.</summary>
    private async Task<T> Ready<T>(GroupCommand command, Func<T, ErrorCode> error)
    {
        for (var turn = 0; ; turn++)
        {
            var answer = await _coordinator.Ask<T>(command);
            if (error(answer) != ErrorCode.CoordinatorLoadInProgress || turn == 200 || _log.FailWith != ErrorCode.None)
                return answer;
            await Task.Yield();
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
