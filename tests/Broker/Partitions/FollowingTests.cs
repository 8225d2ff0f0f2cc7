using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>Two replicas of a partition, brokers 1 and 2. Who follows gets the leader's log, whatever its own was; a test carries the answers.</summary>
public sealed class FollowingTests : IDisposable
{
    private const int SegmentBytes = 300;

    private readonly HookedFileStore _files = new(new ForgetfulFileStore(TimeProvider.System));
    private readonly Dictionary<int, LogDirectory> _directories = [];
    private readonly Dictionary<int, Partition> _replicas = [];
    private int _partitionEpoch;

    public FollowingTests()
    {
        foreach (var id in (int[])[1, 2]) _replicas[id] = Create(id);
    }

    public void Dispose()
    {
        foreach (var directory in _directories.Values) directory.Dispose();
    }

    [Fact]
    public void A_follower_gets_the_leaders_log_byte_for_byte_and_its_high_watermark()
    {
        Lead(1, epoch: 3);
        for (var i = 1; i <= 3; i++) Append(1, records: i);
        CatchUp(follower: 2, leader: 1, highWatermark: 4);
        AssertSame();
        Assert.Equal(4, _replicas[2].HighWatermark);
        Assert.Equal([(3, 0L)], _replicas[2].Log.Epochs.Entries().Select(static entry => (entry.Epoch, entry.StartOffset)));
        // What the leader commits later comes with an answer without records; no more is committed here than is here.
        CatchUp(2, 1, highWatermark: 100);
        Assert.Equal(6, _replicas[2].HighWatermark);
    }

    [Fact]
    public void Only_whole_batches_behind_the_end_of_the_log_are_taken()
    {
        Lead(1, epoch: 3);
        for (var i = 0; i < 3; i++) Append(1);
        var all = Bytes(1);
        var size = all.Length / 3;
        Assert.Equal(ErrorCode.None, Answer(2, all.AsMemory(0, size + 7)));
        Assert.Equal(1, _replicas[2].Log.LogEndOffset);
        Assert.Equal(ErrorCode.None, Answer(2, all.AsMemory(0, (2 * size) + 60)));
        Assert.Equal(2, _replicas[2].Log.LogEndOffset);
        Assert.Equal(ErrorCode.None, Answer(2, all.AsMemory(0, 2 * size)));
        Assert.Equal(ErrorCode.None, Answer(2, all.AsMemory(size)));
        AssertSame();
    }

    [Fact]
    public void Bytes_that_are_no_sound_batches_of_the_leader_change_nothing()
    {
        Lead(1, epoch: 3);
        Append(1);
        Append(1);
        var all = Bytes(1);
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => bytes[^1] ^= 1)));
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => bytes[RecordBatchHeader.MagicPosition] = 9)));
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => bytes[RecordBatchHeader.MagicPosition] = 1)));
        // The second begins where the first does; an epoch that nobody has led in yet; one that goes back.
        Assert.Equal(
            ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(bytes.Length / 2), 0))));
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => WriteEpoch(bytes, bytes.Length / 2, 4))));
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Changed(all, static bytes => WriteEpoch(bytes, bytes.Length / 2, 2))));
        Assert.Equal(0, _replicas[2].Log.LogEndOffset);
        Assert.Equal(ErrorCode.None, Answer(2, all));
        AssertSame();
        // Batches that begin within the log are none that it can have next.
        Assert.Equal(ErrorCode.CorruptMessage, Answer(2, Records.Batch(records: 5).AsMemory()));
        AssertSame();
    }

    [Fact]
    public void An_answer_of_the_past_changes_nothing()
    {
        Lead(1, epoch: 3);
        Append(1);
        var follower = _replicas[2];
        var first = follower.NextFetch()!.Value;
        var second = follower.NextFetch()!.Value;
        var answer = new LeaderAnswer { Records = new(Bytes(1)), HighWatermark = 1 };
        Assert.Equal((ErrorCode.None, 0L), (follower.Follow(first, answer), follower.Log.LogEndOffset));
        Assert.Equal((ErrorCode.None, 1L), (follower.Follow(second, answer), follower.Log.LogEndOffset));
        Assert.Equal((ErrorCode.None, 1L), (follower.Follow(second, new LeaderAnswer { Diverging = new EpochEnd(-1, 0) }), follower.Log.LogEndOffset));
        // In another epoch the same number is another fetch.
        Lead(1, epoch: 4);
        _ = follower.NextFetch();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, follower.Follow(first, new LeaderAnswer { Diverging = new EpochEnd(-1, 0) }));
        Lead(2, epoch: 5);
        Assert.Null(follower.NextFetch());
        Assert.Equal(ErrorCode.NotLeaderOrFollower, follower.Follow(second, answer));
        Lead(-1, epoch: 6);
        Assert.Null(follower.NextFetch());
        Lead(1, epoch: 7);
        var last = follower.NextFetch()!.Value;
        follower.Close();
        Assert.Null(follower.NextFetch());
        Assert.Equal((ErrorCode.NotLeaderOrFollower, 1L), (follower.Follow(last, answer), follower.Log.LogEndOffset));
    }

    /// <summary>The records of the first epoch are not those that the high watermark passes in the third, though their offsets are.</summary>
    [Fact]
    public async Task Who_waits_for_records_that_another_leaders_have_replaced_is_never_told_that_they_are_committed()
    {
        using var wheel = new TimerWheel(TimeProvider.System);
        Lead(1, epoch: 1, isr: [1, 2]);
        var early = Append(1);
        var late = Append(1);
        var waiting = new AckWait(wheel).Add(_replicas[1], early.RequiredOffset, early.LeaderEpoch);
        Lead(2, epoch: 2, isr: [2]);
        for (var i = 0; i < 4; i++) Append(2);
        CatchUp(follower: 1, leader: 2, highWatermark: 4);
        AssertSame();
        Lead(1, epoch: 3, isr: [1]);
        Append(1);
        Assert.Equal(5, _replicas[1].HighWatermark);
        var place = new AckWait(wheel).Add(_replicas[1], late.RequiredOffset, late.LeaderEpoch);
        Assert.Equal((ErrorCode.NotLeaderOrFollower, ErrorCode.NotLeaderOrFollower), (waiting.Outcome, place.Outcome));
        // A coordinator waits in the epoch that it leads in.
        var coordinators = (int[])[1, 3];
        var outcomes = coordinators.Select(epoch => new PartitionShardLog(_replicas[1], epoch, wheel).WhenCommitted(late.RequiredOffset, 60_000));
        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.None], await Task.WhenAll(outcomes));
    }

    [Fact]
    public void A_log_that_has_diverged_is_cut_to_the_common_epochs_and_its_high_watermark_with_it()
    {
        Lead(1, epoch: 1);
        for (var i = 0; i < 4; i++) Append(1);
        CatchUp(2, 1, highWatermark: 4);
        // An unclean election: what 1 has committed alone is lost.
        Append(1);
        Assert.Equal(5, _replicas[1].HighWatermark);
        Lead(2, epoch: 2, isr: [2]);
        Append(2, valueBytes: 40);
        Append(2, valueBytes: 40);
        var fetch = _replicas[1].NextFetch()!.Value;
        Assert.Equal((5L, 1), (fetch.Ask.Offset, fetch.LastFetchedEpoch));
        Assert.Equal(ErrorCode.None, _replicas[1].Follow(fetch, AnswerOf(2, fetch, 6)));
        Assert.Equal((4L, 4L), (_replicas[1].Log.LogEndOffset, _replicas[1].HighWatermark));
        CatchUp(1, 2, highWatermark: 6);
        AssertSame();
        Assert.Equal(6, _replicas[1].HighWatermark);
    }

    [Fact]
    public void The_start_of_the_log_follows_the_leaders_and_retention_may_be_ahead_of_it()
    {
        Lead(1, epoch: 3, isr: [1]);
        for (var i = 0; i < 6; i++) Append(1);
        CatchUp(2, 1, highWatermark: 2);
        Assert.Equal(ErrorCode.None, _replicas[1].DeleteRecordsBefore(4).Error);
        // No further than what is committed here.
        CatchUp(2, 1, highWatermark: 3);
        Assert.Equal((3L, 3L), (_replicas[2].Log.LogStartOffset, _replicas[2].HighWatermark));
        CatchUp(2, 1, highWatermark: 6);
        Assert.Equal(4, _replicas[2].Log.LogStartOffset);
        Assert.True(_replicas[2].Log.AdvanceLogStart(6));
        Append(1);
        CatchUp(2, 1, highWatermark: 7);
        Assert.Equal((6L, 7L, 7L), (_replicas[2].Log.LogStartOffset, _replicas[2].Log.LogEndOffset, _replicas[2].HighWatermark));
        // Between a fetch and its answer, and further than was known to be committed.
        Append(1);
        CatchUp(2, 1, highWatermark: 7);
        var fetch = _replicas[2].NextFetch()!.Value;
        Assert.True(_replicas[2].Log.AdvanceLogStart(8));
        Assert.Equal(ErrorCode.None, _replicas[2].Follow(fetch, AnswerOf(1, fetch, highWatermark: 7)));
        Assert.Equal((8L, 8L), (_replicas[2].Log.LogStartOffset, _replicas[2].HighWatermark));
        Lead(2, epoch: 4, isr: [2]);
        Assert.Equal(8, _replicas[2].FindOffset(AskedTimestamps.Earliest, committedOnly: false, 4).Offset);
    }

    [Fact]
    public void A_log_that_ends_before_the_leaders_starts_begins_there()
    {
        Lead(1, epoch: 3, isr: [1]);
        Append(1);
        CatchUp(2, 1, highWatermark: 1);
        for (var i = 0; i < 5; i++) Append(1);
        Assert.Equal(ErrorCode.None, _replicas[1].DeleteRecordsBefore(4).Error);
        CatchUp(2, 1, highWatermark: 6);
        Assert.Equal((4L, 6L, 6L), (_replicas[2].Log.LogStartOffset, _replicas[2].Log.LogEndOffset, _replicas[2].HighWatermark));
        Assert.Equal(Bytes(1, from: 4), Bytes(2, from: 4));
    }

    [Fact]
    public void In_flush_mode_the_leader_is_told_of_what_is_durable()
    {
        foreach (var replica in _replicas.Values) replica.ApplyConfig(Config(("flush.messages", "1")));
        Lead(1, epoch: 3);
        Append(1);
        var follower = _replicas[2];
        CatchUp(2, 1, highWatermark: 0);
        Assert.Equal((1L, 0L), (follower.Log.LogEndOffset, follower.NextFetch()!.Value.Ask.Offset));
        // What is not durable here comes again; it is left out.
        Append(1);
        CatchUp(2, 1, highWatermark: 0);
        AssertSame();
        follower.Log.Sync();
        follower.OnSynced();
        Assert.Equal(2L, follower.NextFetch()!.Value.Ask.Offset);
    }

    [Fact]
    public void What_the_disk_refuses_is_fetched_again()
    {
        Lead(1, epoch: 3);
        for (var i = 0; i < 3; i++) Append(1, valueBytes: 100);
        // Each second batch needs a new segment.
        Step(2, 1, highWatermark: 0, maxBytes: 1);
        Step(2, 1, highWatermark: 0, maxBytes: 1);
        var fetch = _replicas[2].NextFetch()!.Value;
        _files.Before = static (operation, _) =>
        {
            if (operation == nameof(IFileStore.Open)) throw HookedFileStore.TooManyOpenFiles();
        };
        Assert.Equal(ErrorCode.KafkaStorageError, _replicas[2].Follow(fetch, AnswerOf(1, fetch, 0)));
        _files.Before = null;
        Assert.Equal(fetch.Ask.Offset, _replicas[2].NextFetch()!.Value.Ask.Offset);
        CatchUp(2, 1, highWatermark: 3);
        AssertSame();
    }

    /// <summary>An empty log starts over at the first batch of the leader, which begins before it, and the disk takes no byte of that batch.</summary>
    [Fact]
    public void A_cut_is_seen_although_what_comes_behind_it_cannot_be_written()
    {
        Lead(1, epoch: 3, isr: [1]);
        Append(1, records: 3);
        Assert.Equal(ErrorCode.None, _replicas[1].DeleteRecordsBefore(2).Error);
        Step(2, 1, highWatermark: 3, maxBytes: 1_000);
        Assert.Equal((2L, 2L), (_replicas[2].HighWatermark, _replicas[2].Log.LogEndOffset));
        var fetch = _replicas[2].NextFetch()!.Value;
        _files.BeforeWrite = static path => throw new IOException($"{path} takes nothing");
        Assert.Equal(ErrorCode.KafkaStorageError, _replicas[2].Follow(fetch, AnswerOf(1, fetch, 3)));
        Assert.Equal((0L, 0L), (_replicas[2].HighWatermark, _replicas[2].Log.LogEndOffset));
    }

    /// <summary>The leader changes, with or without what the other has; records come, and go by retention. In the end both have the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_has_happened_the_logs_become_the_same(int seed)
    {
        var random = new Random(seed);
        var (leader, epoch) = (1, 1);
        Lead(leader, epoch, isr: [leader]);
        for (var step = 0; step < 400; step++)
        {
            switch (random.Next(7))
            {
                case 0 or 1:
                    Append(leader, random.Next(1, 5), random.Next(1, 100));
                    break;
                case 2 or 3:
                    Step(3 - leader, leader, random.NextInt64(_replicas[leader].HighWatermark + 1), maxBytes: random.Next(1, 400));
                    break;
                case 4 when random.Next(4) == 0:
                    leader = random.Next(1, 3);
                    Lead(leader, ++epoch, isr: [leader]);
                    break;
                case 5 when random.Next(4) == 0:
                    var kept = _replicas[leader];
                    _ = kept.DeleteRecordsBefore(random.NextInt64(kept.Log.LogStartOffset, kept.HighWatermark + 1));
                    break;
                case 6:
                    // Retention of either, which takes whole segments.
                    var replica = _replicas[random.Next(1, 3)];
                    if (random.Next(10) == 0) _ = replica.Log.ApplyRetention(long.MaxValue / 2, replica.HighWatermark);
                    break;
            }
            foreach (var replica in _replicas.Values)
                Assert.True(replica.Log.LogStartOffset <= replica.HighWatermark && replica.HighWatermark <= replica.Log.LogEndOffset, $"step {step}");
        }
        CatchUp(3 - leader, leader, _replicas[leader].HighWatermark);
        CatchUp(3 - leader, leader, _replicas[leader].HighWatermark);
        var (one, two) = (_replicas[1].Log, _replicas[2].Log);
        Assert.Equal((one.LogEndOffset, _replicas[1].HighWatermark), (two.LogEndOffset, _replicas[2].HighWatermark));
        var start = Math.Max(one.LogStartOffset, two.LogStartOffset);
        Assert.Equal(Bytes(1, start), Bytes(2, start));
    }

    private static void WriteEpoch(byte[] bytes, int batchAt, int epoch) =>
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(batchAt + RecordBatchHeader.PartitionLeaderEpochPosition), epoch);

    private static ReadOnlyMemory<byte> Changed(byte[] bytes, Action<byte[]> change)
    {
        var copy = bytes.ToArray();
        change(copy);
        return copy;
    }

    private static TopicConfig Config(params (string Name, string Value)[] configs) =>
        TopicConfig.Create(TestNode.ConfigOf(), configs.ToDictionary(static c => c.Name, static c => c.Value));

    private Partition Create(int id)
    {
        var directory = LogDirectory.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1)), $"/data{id}");
        directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
        _directories[id] = directory;
        var log = directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default with { SegmentBytes = SegmentBytes });
        return new Partition(new Uuid(7, 9), log, Config(), 0, new LogSyncer(), TimeProvider.System);
    }

    private void Lead(int leader, int epoch, int[]? isr = null)
    {
        var registration = new PartitionRegistration
        {
            Replicas = [1, 2],
            Directories = [Uuid.Zero, Uuid.Zero],
            Isr = [.. isr ?? [1]],
            Leader = leader,
            LeaderEpoch = epoch,
            PartitionEpoch = ++_partitionEpoch,
        };
        foreach (var (id, replica) in _replicas) replica.Apply(registration, id);
    }

    private PartitionAppend Append(int id, int records = 1, int valueBytes = 10)
    {
        var appended = _replicas[id].Append(RecordBytes.From(Records.Batch(records, valueBytes).AsMemory()), 1, 12);
        Assert.Equal(ErrorCode.None, appended.Error);
        return appended;
    }

    private ErrorCode Answer(int follower, ReadOnlyMemory<byte> records) =>
        _replicas[follower].Follow(_replicas[follower].NextFetch()!.Value, new LeaderAnswer { Records = new(records) });

    private void CatchUp(int follower, int leader, long highWatermark)
    {
        do Step(follower, leader, highWatermark, maxBytes: 1_000);
        while (_replicas[follower].Log.LogEndOffset < _replicas[leader].Log.LogEndOffset);
        Step(follower, leader, highWatermark, maxBytes: 1_000);
    }

    private void Step(int follower, int leader, long highWatermark, int maxBytes)
    {
        if (_replicas[follower].NextFetch() is not { } fetch) return;
        Assert.Equal(ErrorCode.None, _replicas[follower].Follow(fetch, AnswerOf(leader, fetch, highWatermark, maxBytes)));
    }

    /// <summary>What the leader of Kafka's protocol answers.</summary>
    private LeaderAnswer AnswerOf(int leader, in LeaderFetch fetch, long highWatermark, int maxBytes = 1_000)
    {
        var log = _replicas[leader].Log;
        if (fetch.LastFetchedEpoch >= 0)
        {
            var end = log.Epochs.EndOffsetFor(fetch.LastFetchedEpoch, log.LogEndOffset);
            if (end.Epoch < fetch.LastFetchedEpoch || end.StartOffset < fetch.Ask.Offset)
                return new LeaderAnswer { Diverging = new EpochEnd(end.Epoch, end.StartOffset) };
        }
        var read = log.Read(fetch.Ask.Offset, maxBytes, log.LogEndOffset, minOneBatch: true);
        using var region = read.Region;
        return new LeaderAnswer
        {
            Records = new(region?.ToArray() ?? []),
            HighWatermark = highWatermark,
            LogStartOffset = log.LogStartOffset,
            LogEndOffset = log.LogEndOffset,
            IsOutOfRange = read.IsOutOfRange,
        };
    }

    private void AssertSame() => Assert.Equal(Bytes(1), Bytes(2));

    private byte[] Bytes(int id, long from = 0)
    {
        var log = _replicas[id].Log;
        var bytes = new List<byte>();
        for (var offset = Math.Max(from, log.LogStartOffset); offset < log.LogEndOffset;)
        {
            using var region = log.Read(offset, 1 << 20, log.LogEndOffset, minOneBatch: true).Region;
            var read = region!.ToArray();
            bytes.AddRange(read);
            foreach (var batch in RecordBatchEnumerator.Over(read.AsMemory())) offset = batch.Header.NextOffset;
        }
        return [.. bytes];
    }
}
