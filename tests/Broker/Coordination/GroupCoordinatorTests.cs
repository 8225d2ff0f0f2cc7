using KafkaCompat.Broker.Coordination;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>What a coordinator of groups answers from its shards: commits before replies, reads behind them, all that lists.</summary>
public sealed class GroupCoordinatorTests : GroupsOfOneShard
{
    [Fact]
    public async Task Nobody_coordinates_before_the_log_exists()
    {
        var answer = await new GroupCoordinator(new GroupSettings(), new ShardSurroundings(Time, Wheel, NullLogger.Instance, TaskScheduler.Default))
            .Ask<HeartbeatResponse>(Heartbeat());
        Assert.Equal(ErrorCode.NotCoordinator, answer.ErrorCode);
    }

    [Fact]
    public async Task Committed_offsets_survive_a_change_of_leadership()
    {
        Assert.Equal(ErrorCode.None, await Commit(42));
        Groups.Resign(0);
        Assert.Equal(ErrorCode.NotCoordinator, await Commit(43));
        Groups.Lead(0, Log);
        Assert.Equal(42, await Fetch());
    }

    [Fact]
    public async Task Replies_wait_for_the_commit_and_reads_wait_with_them()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        Log.CommitsAtOnce = false;
        var commit = Commit(2);
        var fetch = Fetch();
        Assert.False(commit.IsCompleted);
        Assert.False(fetch.IsCompleted);
        Log.Commit();
        Assert.Equal(ErrorCode.None, await commit);
        Assert.Equal(2, await fetch);
    }

    /// <summary>offsets.commit.timeout.ms: the asker is sent away, and what was appended may be committed after all.</summary>
    [Fact]
    public async Task A_commit_that_takes_too_long_sends_its_asker_away_and_counts_when_it_comes()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        Log.CommitsAtOnce = false;
        var first = Commit(2);
        Time.Advance(TimeSpan.FromSeconds(4));
        var second = Commit(3);
        Time.Advance(TimeSpan.FromSeconds(1));
        Log.Commit(ErrorCode.RequestTimedOut);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, await first);
        Assert.False(second.IsCompleted);
        Assert.Equal([5_000, 4_000], Log.Timeouts);
        Log.Commit();
        Assert.Equal(ErrorCode.None, await second);
        Log.CommitsAtOnce = true;
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
        Groups.Close();
        var log = new MemoryShardLog();
        var compressing = new GroupCoordinator(new GroupSettings { OffsetsCodec = codec },
            new ShardSurroundings(Time, Wheel, NullLogger.Instance, TaskScheduler.Default))
        { PartitionCount = 1 };
        compressing.Lead(0, log);
        await Eventually.Is(() => compressing.LoadedPartitions == 1);
        var commit = new CommitOffsetsCommand(
            new OffsetCommitRequest { GroupId = "g", Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = 42 }] }] },
                KnowsGroupIdNotFound: true);
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
    public async Task Listings_join_the_shards()
    {
        Groups.PartitionCount = 2;
        var other = new MemoryShardLog();
        Groups.Lead(1, other);
        var groups = Enumerable.Range(0, 10).Select(i => $"group-{i}").ToArray();
        foreach (var group in groups)
            await Eventually.Is(async () => await Commit(1, group) == ErrorCode.None);
        var listing = await Groups.List(new ListGroupsCommand([], []));
        Assert.Equal(groups, listing.Groups.Select(g => g.GroupId).Order(StringComparer.Ordinal));
        Assert.NotEqual(0, other.Batches);
        Assert.NotEqual(0, Log.Batches);
    }

    [Fact]
    public async Task Who_waits_when_leadership_goes_is_told_to_look_elsewhere()
    {
        var first = await Join("");
        var joining = Join(first.MemberId);
        Groups.Resign(0);
        Assert.Equal(ErrorCode.NotCoordinator, (await joining).ErrorCode);
    }

    /// <summary>Whoever brings work does it, which may be a socket's thread: it is not kept there by the work of others.</summary>
    [Fact]
    public async Task A_turn_ends_after_some_commands_and_the_rest_follows_in_others()
    {
        Groups.Close();
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
        var before = Log.Batches;
        var commits = new List<Task>();
        Log.Appending = () =>
        {
            for (var i = 0; i < 199; i++) commits.Add(coordinator.Ask<OffsetCommitResponse>(CommitOf(i, $"g{i}")).AsTask());
        };
        commits.Add(coordinator.Ask<OffsetCommitResponse>(CommitOf(1, "g")).AsTask());
        var done = new List<int> { Log.Batches - before };
        while (turns.TakeOne()) done.Add(Log.Batches - before);
        Assert.Equal([64, 128, 192, 200], done);
        await Task.WhenAll(commits);
    }
}
