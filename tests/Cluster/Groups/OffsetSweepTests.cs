using System.Collections.Immutable;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>Expired and orphaned offsets go in pieces that fit a batch, however many there are and however long their names.</summary>
public sealed class OffsetSweepTests
{
    private const int LargestBatch = 1024 * 1024;
    private static readonly Uuid Old = new(1, 1);
    private static readonly Uuid New = new(2, 2);
    private readonly GroupShard _shard = new(new GroupSettings { OffsetsRetentionMs = 1_000, OffsetsRetentionCheckIntervalMs = 10_000 });
    private long _offset;

    [Fact]
    public void A_group_with_more_expired_offsets_than_a_batch_holds_goes_in_pieces()
    {
        for (var partition = 0; partition < 20_000; partition++)
            Commit("large", "t", partition, Old);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        Assert.InRange(WorkOff(10_000), 40, 100);
        Assert.Equal("", Groups());
        Assert.Equal(20_000, _shard.NextDeadline);
    }

    [Fact]
    public void Groups_with_long_names_go_in_pieces_and_each_is_looked_at_once()
    {
        for (var group = 0; group < 300; group++)
            Commit(new string('a', 30_000) + group, "t", 0, Old);
        for (var group = 0; group < 30_000; group++)
            Commit("kept" + group, "t", 0, Old, committedAt: 9_900);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        // Sixty steps for the bytes of the long names, a few for looking at the others; a sweep that begins anew with each step would take more looks.
        Assert.InRange(WorkOff(10_000), 30, 100);
        Assert.DoesNotContain("aaa", Groups(), StringComparison.Ordinal);
        Assert.Contains("kept29999", Groups(), StringComparison.Ordinal);
    }

    [Fact]
    public void Offsets_of_a_deleted_topic_go_in_pieces_and_those_of_the_topic_made_anew_stay()
    {
        for (var partition = 0; partition < 20_000; partition++)
            Commit("g", "t", partition, partition == 77 ? New : Old);
        Commit("g", "u", 0, New);
        Commit("g", "gone", 0, Uuid.Zero);
        Commit("g", "there", 0, Uuid.Zero);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        var first = _shard.Decide(new ForgetTopicsCommand(["t"], ImageOf("t", "u", "there")), default, At(0));
        Assert.False(first.IsAtomic);
        Execute(first, 0);
        _ = WorkOff(0);
        Assert.Equal(["t-77", "there-0", "u-0"], Offsets("g"));
    }

    [Fact]
    public void A_second_deletion_during_the_first_sweep_is_seen_to_in_all_groups()
    {
        for (var partition = 0; partition < 2_000; partition++)
        {
            Commit("g", "t", partition, Uuid.Zero);
            Commit("g", "u", partition, Uuid.Zero);
        }
        Commit("g", "v", 0, Uuid.Zero);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        Execute(_shard.Decide(new ForgetTopicsCommand(["t"], ImageOf("t", "u", "v")), default, At(0)), 0);
        Execute(_shard.Decide(new ForgetTopicsCommand(["u"], ImageOf("t", "u", "v")), default, At(0)), 0);
        _ = WorkOff(0);
        Assert.Equal(["v-0"], Offsets("g"));
    }

    /// <summary>An image is a value: a topic that is made while a walk is under way is not in it, and was let through by a newer one.</summary>
    [Fact]
    public void What_is_committed_while_a_sweep_goes_on_is_not_taken_for_an_orphan_of_the_image_that_it_began_with()
    {
        for (var partition = 0; partition < 2_000; partition++)
            Commit("g", "t", partition, Old);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        Execute(_shard.Decide(new ForgetTopicsCommand(["t"], ImageOf()), default, At(0)), 0);
        Commit("g", "t", 1_999, New);
        Commit("h", "fresh", 0, New);
        _shard.Apply(new ShardRecord(1, new OffsetCommitKey { Group = "g", Topic = "fresh", Partition = 1 }, 4,
            new OffsetCommitValue { Offset = 1, Metadata = "", TopicId = New }), _offset++, producerId: 7);
        _ = WorkOff(0);
        _shard.ApplyMarker(7, isCommit: true);
        Assert.Equal(["fresh-1", "t-1999"], Offsets("g"));
        Assert.Equal(["fresh-0"], Offsets("h"));
    }

    /// <summary>A decision that the log refused is forgotten, and with it the step of the walk: the next one takes away the same.</summary>
    [Fact]
    public void Deciding_changes_nothing_so_a_step_that_was_not_carried_out_is_decided_again()
    {
        for (var partition = 0; partition < 2_000; partition++)
            Commit("g", "t", partition, Old);
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        foreach (var now in new long[] { 10_000, 10_001 })
        {
            var first = _shard.OnDeadline(At(now));
            Assert.Equal(500, first.Records.Count);
            Assert.Equal(first.Records.Select(static record => ((OffsetCommitKey)record.Key).Partition),
                _shard.OnDeadline(At(now)).Records.Select(static record => ((OffsetCommitKey)record.Key).Partition));
            Execute(first, now);
        }
        Assert.Equal(2, WorkOff(10_001) - 1);
        Assert.Equal("", Groups());
    }

    [Fact]
    public void Member_ids_that_nobody_comes_back_with_are_bounded_and_cost_later_requests_nothing()
    {
        _shard.Install(_shard.OnLoaded(At(0)), At(0));
        string first = "", last = "";
        for (var i = 0; i < GroupSettings.MaxPendingJoins + 1; i++)
        {
            last = Join("", i).MemberId;
            if (i == 0)
                first = last;
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            last = Join("", 20_000 + i).MemberId;
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 32_000);
        Assert.Equal(ErrorCode.UnknownMemberId, Join(first, 0).ErrorCode);
        Assert.Null(TryJoin(last, 0));
    }

    private JoinGroupResponse Join(string memberId, int number) =>
        TryJoin(memberId, number) ?? throw new InvalidOperationException("The member waits for the rebalance.");

    private JoinGroupResponse? TryJoin(string memberId, int number)
    {
        var request = new JoinGroupRequest
        {
            GroupId = "g",
            MemberId = memberId,
            ProtocolType = "consumer",
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 10_000,
            Protocols = [new() { Name = "range", Metadata = [1] }],
        };
        var decision = _shard.Decide(new JoinGroupCommand(request, "c", "/h", $"{number}", true, true), new Ticket(1), At(0));
        Execute(decision, 0);
        return decision.Replies.Select(static reply => (JoinGroupResponse)reply.Body).FirstOrDefault();
    }

    private static MetadataImage ImageOf(params string[] topics) => MetadataImage.Empty with
    {
        Topics = MetadataImage.Empty.Topics.AddRange(
            topics.Select(static name => KeyValuePair.Create(name, new TopicImage(name, New, ImmutableSortedDictionary<int, PartitionRegistration>.Empty)))),
    };

    /// <summary>Both clocks begin at zero, which is when offsets without another time were committed.</summary>
    private static Now At(long ms) => new(ms, ms);

    /// <summary>Lets all that is due happen; the number of decisions that it took.</summary>
    private int WorkOff(long now)
    {
        var steps = 0;
        while (_shard.NextDeadline <= now)
        {
            Execute(_shard.OnDeadline(At(now)), now);
            steps++;
        }
        return steps;
    }

    private void Execute(ShardDecision decision, long now)
    {
        if (decision.Records.Count > 0)
            Assert.InRange(ShardRecordSerde.ToBatch(decision.Records, now).Length, 1, LargestBatch / 2);
        foreach (var record in decision.Records)
            _shard.Apply(record, _offset++);
        _shard.Install(decision, At(now));
    }

    private void Commit(string group, string topic, int partition, Uuid topicId, long committedAt = 0) => _shard.Apply(
        new ShardRecord(
            1,
            new OffsetCommitKey { Group = group, Topic = topic, Partition = partition },
            4,
            new OffsetCommitValue { Offset = 1, LeaderEpoch = -1, Metadata = "", CommitTimestamp = committedAt, ExpireTimestamp = -1, TopicId = topicId }),
        _offset++);

    private string Groups() => string.Join(',', ((GroupListing)Ask(new ListGroupsCommand([], []))).Groups.Select(static group => group.GroupId));

    private IEnumerable<string> Offsets(string group) =>
        ((OffsetFetchResponse.OffsetFetchResponseGroup)Ask(new FetchOffsetsCommand(new() { GroupId = group, Topics = null }, RequireStable: false)))
        .Topics.SelectMany(static topic => topic.Partitions.Select(partition => $"{topic.Name}-{partition.PartitionIndex}")).Order(StringComparer.Ordinal);

    private object Ask(GroupCommand command) => _shard.Decide(command, new Ticket(1), At(0)).Replies[0].Body;
}
