using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Broker.Tests.Quorum;

/// <summary>The quorum's loop over a log, with a disk whose answers the test holds back, and a listener that only notes.</summary>
public sealed class QuorumLoopTests : IQuorumListener, IWorkThreads, IDisposable
{
    private const string Root = "/data";

    private readonly ForgetfulFileStore _files = new(TimeProvider.System);
    private readonly List<long> _highWatermarks = [];
    private readonly TaskCompletionSource<(int Epoch, long NextOffset)> _leading = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<(Action Work, TaskCompletionSource Done)> _disk = new();
    private readonly MetadataLog _log;
    private readonly QuorumLoop _quorum;
    private bool _isHeld;

    public QuorumLoopTests()
    {
        _log = MetadataLog.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1)) { DiskThreads = this }, Root, LogSettings.Default);
        var self = new ReplicaKey(1, Uuid.Zero);
        _quorum = new QuorumLoop(
            _log,
            new QuorumSettings { Raft = new RaftSettings(self), StaticVoters = new VoterSet([new Voter(self, [])]) },
            this,
            new QuorumSurroundings(NoPeers.Instance, TimeProvider.System, new Random(2), TaskScheduler.Default));
    }

    public void Dispose()
    {
        _quorum.Dispose();
        _log.Dispose();
    }

    void IQuorumListener.OnSnapshot(SnapshotId id, QuorumSnapshot snapshot)
    {
    }

    void IQuorumListener.OnHighWatermark(long offset)
    {
        lock (_highWatermarks) _highWatermarks.Add(offset);
    }

    void IQuorumListener.OnLeading(int epoch, long nextOffset) => _leading.TrySetResult((epoch, nextOffset));

    void IQuorumListener.OnLeadershipLost(int epoch) => _lost.TrySetResult(epoch);

    Task IWorkThreads.Run(Action work)
    {
        if (!Volatile.Read(ref _isHeld)) return IWorkThreads.None.Run(work);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_disk) _disk.Enqueue((work, done));
        return done.Task;
    }

    [Fact]
    public async Task Appends_that_come_during_a_sync_are_durable_with_the_next_one_and_committed_in_order()
    {
        var (epoch, offset) = await Leads();
        Volatile.Write(ref _isHeld, true);
        var first = _quorum.Append(epoch, offset, Batch("a"));
        await Until(() => UnderWay == 1);
        var second = _quorum.Append(epoch, offset + 1, Batch("b"));
        var third = _quorum.Append(epoch, offset + 2, Batch("c"));
        // All are in the log; one sync is under way, that of the first, and none is committed.
        await Until(() => _log.EndOffset == offset + 3 && UnderWay == 1);
        Assert.False(first.IsCompleted);
        Assert.Equal(offset, HighWatermark);
        Answer();
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        Assert.Equal(offset + 1, HighWatermark);
        await Until(() => UnderWay == 1);
        Answer();
        Assert.True(await second);
        Assert.True(await third);
        Assert.Equal(offset + 3, HighWatermark);
        Assert.Equal(["a", "b", "c"], Names(_quorum.Committed.Read(offset, offset + 3)));
        Volatile.Write(ref _isHeld, false);
        await _quorum.StopAsync();
    }

    [Fact]
    public async Task What_is_appended_where_the_log_does_not_end_is_refused_and_not_written()
    {
        var (epoch, offset) = await Leads();
        Assert.False(await _quorum.Append(epoch, offset + 1, Batch("gap")));
        Assert.False(await _quorum.Append(epoch + 1, offset, Batch("other epoch")));
        Assert.Equal(offset, _log.EndOffset);
        Assert.True(await _quorum.Append(epoch, offset, Batch("right")));
        await _quorum.StopAsync();
        Assert.False(await _quorum.Append(epoch, offset + 1, Batch("late")));
    }

    [Fact]
    public async Task An_epoch_that_is_over_is_told_and_what_was_appended_in_it_is_not_known()
    {
        var (epoch, offset) = await Leads();
        Volatile.Write(ref _isHeld, true);
        var appended = _quorum.Append(epoch, offset, Batch("a"));
        await Until(() => UnderWay == 1);
        Assert.False(_lost.Task.IsCompleted);
        Assert.True(_quorum.TryReceive(new VoteRequested(1, new ReplicaKey(9, Uuid.Zero), epoch + 1, 0, 0)));
        Assert.Equal(epoch, await _lost.Task);
        Assert.False(await appended);
        Volatile.Write(ref _isHeld, false);
        Answer();
        await _quorum.StopAsync();
    }

    [Fact]
    public async Task A_stop_waits_for_the_disk_and_what_was_appended_before_it_is_committed()
    {
        var (epoch, offset) = await Leads();
        Volatile.Write(ref _isHeld, true);
        var appended = _quorum.Append(epoch, offset, Batch("a"));
        await Until(() => UnderWay == 1);
        var stopped = _quorum.StopAsync();
        Assert.False(stopped.IsCompleted);
        Answer();
        await stopped;
        Assert.True(await appended);
    }

    [Fact]
    public async Task A_disk_that_fails_ends_the_loop_and_whoever_waits_hears_of_what()
    {
        var (epoch, offset) = await Leads();
        Volatile.Write(ref _isHeld, true);
        var appended = _quorum.Append(epoch, offset, Batch("a"));
        await Until(() => UnderWay == 1);
        lock (_disk) _disk.Dequeue().Done.SetException(new IOException("no more"));
        Assert.Equal("no more", (await Assert.ThrowsAsync<IOException>(() => appended)).Message);
        Assert.Equal("no more", (await Assert.ThrowsAsync<IOException>(() => _quorum.Completion)).Message);
        Assert.Equal("no more", (await Assert.ThrowsAsync<IOException>(() => _quorum.Append(epoch, offset + 1, Batch("b")))).Message);
    }

    [Fact]
    public async Task Snapshots_are_written_beside_appends_and_of_several_the_last_one()
    {
        var (epoch, offset) = await Leads();
        Assert.True(await _quorum.Append(epoch, offset, [.. Batch("a"), .. Batch("b"), .. Batch("c")]));
        Volatile.Write(ref _isHeld, true);
        for (var i = 1; i <= 3; i++) _quorum.TakeSnapshot(new SnapshotId(offset + i, epoch), new QuorumSnapshot(1, 0, null, []));
        var appended = _quorum.Append(epoch, offset + 3, Batch("d"));
        // A snapshot and a sync are under way.
        await Until(() => _log.EndOffset == offset + 4 && UnderWay == 2);
        Volatile.Write(ref _isHeld, false);
        Answer();
        Answer();
        Assert.True(await appended);
        await _quorum.StopAsync();
        Assert.Equal(
            [new SnapshotId(offset + 1, epoch).FileName, new SnapshotId(offset + 3, epoch).FileName],
            _files.List($"{Root}/{MetadataLog.FolderName}").Select(static entry => entry.Name)
                .Where(static name => name.EndsWith(SnapshotId.Suffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_follower_that_is_far_behind_reads_the_files_and_then_what_is_kept()
    {
        var (epoch, offset) = await Leads();
        var name = new string('n', 30_000);
        IReadOnlyList<IReadOnlyList<VersionedRecord>> ten = [[.. Enumerable.Repeat(Batch(name)[0][0], 10)]];
        var end = offset + (10 * (20 + (CommittedBatches.MaxKeptBytes / (10 * name.Length))));
        for (var at = offset; at < end; at += 10) Assert.True(await _quorum.Append(epoch, at, ten));
        var cursor = offset;
        while (cursor < end)
        {
            var batches = _quorum.Committed.Read(cursor, end);
            Assert.Equal(cursor, batches[0].BaseOffset);
            Assert.Equal(Enumerable.Repeat(name, 10 * batches.Count), Names(batches));
            cursor = batches[^1].LastOffset + 1;
        }

        Assert.Equal(end, cursor);
        Assert.Empty(_quorum.Committed.Read(cursor, cursor));
        await _quorum.StopAsync();
    }

    private int UnderWay
    {
        get { lock (_disk) return _disk.Count; }
    }

    private long HighWatermark
    {
        get { lock (_highWatermarks) return _highWatermarks[^1]; }
    }

    private static IReadOnlyList<IReadOnlyList<VersionedRecord>> Batch(string topic) =>
        [[new VersionedRecord(new TopicRecord { Name = topic, TopicId = new Uuid(1, 2) }, 0)]];

    private static IEnumerable<string> Names(IEnumerable<QuorumBatch> batches) =>
        batches.SelectMany(static batch => batch.Records).Select(static record => ((TopicRecord)record.Message).Name);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition()) await Task.Yield();
    }

    private async Task<(int Epoch, long NextOffset)> Leads()
    {
        _quorum.Start();
        return await _leading.Task;
    }

    /// <summary>Does the first piece of work that waits for the disk.</summary>
    private void Answer()
    {
        (Action Work, TaskCompletionSource Done) next;
        lock (_disk) next = _disk.Dequeue();
        next.Work();
        next.Done.SetResult();
    }
}
