using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// Runs a <see cref="RaftCore"/> over the metadata log, in the turns of its <see cref="Mailbox{T}"/>. It waits for nobody: listeners hear how
/// far it is committed and reads it at its own pace, and what waits for the disk (syncs, snapshots) runs on the disk's threads, its end being one more message.
/// Appends that come while a sync is under way are synced together by the next one.
///
/// What fails here (the disk, a log that cannot be) ends the loop, and with it the node, by <see cref="Completion"/>.
/// </summary>
public sealed class QuorumLoop : IDisposable
{
    /// <summary>Messages that may wait.</summary>
    private const int MailboxSize = 1024;

    /// <summary>Messages of one turn.</summary>
    private const int MaxItemsPerTurn = 64;

    private readonly MetadataLog _log;
    private readonly QuorumSettings _settings;
    private readonly IQuorumListener _listener;
    private readonly IQuorumPeers _peers;
    private readonly TimeProvider _clock;
    private readonly RaftCore _core;
    private readonly Mailbox<QuorumWork> _mailbox;
    private readonly ITimer _timer;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Everything below is touched by the mailbox's turns only.

    /// <summary>What is to be done with files, in order. One that lacks a descriptor stays the first and is tried again.</summary>
    private readonly Queue<Action> _steps = new();

    /// <summary>Appends that are not committed, in order.</summary>
    private readonly Queue<QuorumWork.Append> _uncommitted = new();

    private QuorumWork.Snapshot? _nextSnapshot;
    private bool _isSnapshotUnderWay;
    private bool _isSyncUnderWay;
    private long _syncedOffset;

    /// <summary>The epoch that this node has opened, and where its first batch ends, until that is committed.</summary>
    private (int Epoch, long EndOffset)? _opened;

    /// <summary>The epoch that this node leads as far as the listener knows.</summary>
    private int? _ledEpoch;

    /// <summary>The epoch that the disk has.</summary>
    private int _keptEpoch;

    private long _publishedHighWatermark = -1;
    private bool _isStopping;
    private volatile bool _hasEnded;
    private readonly Signal _end = new();
    private Exception? _failure;
    private QuorumDescription _description;

    /// <summary>Makes the loop of a log. Throws <see cref="QuorumStateException"/> where this node is not one of the log's voters.</summary>
    public QuorumLoop(MetadataLog log, QuorumSettings settings, IQuorumListener listener, QuorumSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(surroundings);
        _log = log;
        _settings = settings;
        _listener = listener;
        (_peers, _clock, var random, var turns) = surroundings;
        var start = QuorumStart.Read(log, settings);
        Snapshot = start.Snapshot;
        KRaftVersion = start.KRaftVersion;
        Committed = new CommittedBatches(log);
        _syncedOffset = log.EndOffset;
        var kept = log.ReadElectionState();
        _keptEpoch = kept?.Epoch ?? 0;
        _core = new RaftCore(settings.Raft, kept, start.Voters, log.Outline(), random, _clock.Now());
        _description = QuorumDescription.Of(_core, KRaftVersion);
        _mailbox = new Mailbox<QuorumWork>(MailboxSize, MaxItemsPerTurn, TakeTurn, turns);
        Completion = _completion.Task.Followed();
        _timer = _clock.CreateTimer(static state => ((QuorumLoop)state!)._mailbox.Send(new QuorumWork.Tick()), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The snapshot that the loop starts from; null once it has started.</summary>
    internal QuorumSnapshot? Snapshot { get; private set; }

    /// <summary>Ends when the loop does; failed where it could not go on.</summary>
    public Task Completion { get; }

    /// <summary>kraft.version: 1 where voters are in the log.</summary>
    public short KRaftVersion { get; }

    /// <summary>The log for whoever follows it up to the high watermark.</summary>
    public CommittedBatches Committed { get; }

    /// <summary>How the quorum stands.</summary>
    public QuorumDescription Describe() => Volatile.Read(ref _description);

    /// <summary>Starts the loop.</summary>
    public void Start() => _mailbox.Send(new QuorumWork.Start());

    /// <summary>
    /// Appends batches as leader of an epoch. True when they are committed. False where the epoch is over, of which it is not known what became of the records,
    /// or where the log does not end at <paramref name="baseOffset"/>, and nothing was written. The appender bounds how many are under way.
    /// </summary>
    public Task<bool> Append(int epoch, long baseOffset, IReadOnlyList<IReadOnlyList<VersionedRecord>> batches)
    {
        var work = new QuorumWork.Append(epoch, baseOffset, batches);
        _mailbox.Post(work);
        return work.Committed;
    }

    /// <summary>Takes a message of a peer. False where too many wait: the peer has no answer and asks again.</summary>
    public bool TryReceive(RaftMessage message) => _mailbox.TryPost(new QuorumWork.Message(message));

    /// <summary>Writes a snapshot of the committed state and cleans up behind it. Of several that come while one is written the last is written.</summary>
    public void TakeSnapshot(SnapshotId id, QuorumSnapshot snapshot) => _mailbox.Post(new QuorumWork.Snapshot(id, snapshot));

    /// <summary>Ends the loop after what has been posted before, and after what of it is under way on the disk.</summary>
    public Task StopAsync()
    {
        _mailbox.Send(new QuorumWork.Stop());
        return Completion;
    }

    public void Dispose() => _timer.Dispose();

    private void TakeTurn()
    {
        while (_mailbox.TryTake(out var work))
        {
            Guarded(() => Take(work));
        }

        Guarded(Advance);
    }

    private void Guarded(Action part)
    {
        try
        {
            part();
        }
        catch (Exception failure)
        {
            End(failure);
        }
    }

    private void Take(QuorumWork work)
    {
        switch (work)
        {
            case QuorumWork.Append append when _hasEnded: append.End(_failure); break;
            case QuorumWork.Synced or QuorumWork.SnapshotDone or QuorumWork.Failed when _hasEnded: IsDone(work); break;
            case var _ when _hasEnded: break;
            case QuorumWork.Start: Begin(); break;
            case QuorumWork.Message message: _core.Step(message.Content, _clock.Now()); break;
            case QuorumWork.Append append:
                _uncommitted.Enqueue(append);
                _steps.Enqueue(() => Append(append));
                break;
            case QuorumWork.Synced synced:
                IsDone(synced);
                _syncedOffset = synced.EndOffset;
                _core.Step(new LogSynced(synced.EndOffset), _clock.Now());
                break;
            case QuorumWork.Snapshot snapshot: _nextSnapshot = snapshot; break;
            case QuorumWork.SnapshotDone:
                IsDone(work);
                _core.Step(new LogCleaned(_log.Start), _clock.Now());
                break;
            case QuorumWork.Failed failed:
                IsDone(failed);
                End(failed.Failure);
                break;
            case QuorumWork.Stop: _isStopping = true; break;
            default: break;
        }
    }

    /// <summary>A piece of work on the disk's threads has its end. A loop that has ended waits for that: nobody else has the files before.</summary>
    private void IsDone(QuorumWork work)
    {
        var done = work is QuorumWork.Failed failed ? failed.Instead : work;
        _isSyncUnderWay &= done is not QuorumWork.Synced;
        _isSnapshotUnderWay &= done is not QuorumWork.SnapshotDone;
        if (_hasEnded)
        {
            Complete();
        }
    }

    private void Begin()
    {
        if (Snapshot is { } snapshot)
        {
            _listener.OnSnapshot(_log.LatestSnapshot!.Value, snapshot);
        }

        Snapshot = null;
    }

    /// <summary>Does all that can be done now.</summary>
    private void Advance()
    {
        if (_hasEnded)
        {
            return;
        }

        _core.Tick(_clock.Now());
        ReportLostLeadership();
        // What Ready lists has its order: nothing more is taken of it before its files are written.
        while (TryTakeSteps() && TryTakeReady())
        {
        }

        // Also where a step waits for a file: what is durable is committed all the same.
        PublishCommitted(_core.HighWatermark);
        Sync();
        WriteSnapshot();
        EndEpochOfOthers();
        Volatile.Write(ref _description, QuorumDescription.Of(_core, KRaftVersion));
        if (_isStopping && _steps.Count == 0 && !_isSyncUnderWay && !_isSnapshotUnderWay)
        {
            End(null);
            return;
        }

        var dueMs = _core.NextDeadlineMs is { } due ? Math.Max(0, due - _clock.TickMs()) : -1;
        var waitMs = _steps.Count == 0 ? dueMs : dueMs < 0 ? FileShortageRetry.DelayMs : Math.Min(dueMs, FileShortageRetry.DelayMs);
        _timer.Change(waitMs < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Takes the steps that wait. A process that has too many files open, usually because of its clients, refuses one more and leaves the log as it was:
    /// the step is tried again until there is one to be had. Who waits for the record waits on; the node does not end over it.
    /// </summary>
    private bool TryTakeSteps()
    {
        try
        {
            while (_steps.TryPeek(out var step))
            {
                step();
                _ = _steps.Dequeue();
            }

            return true;
        }
        catch (Exception refused) when (FileShortage.IsOfDescriptors(refused))
        {
            return false;
        }
    }

    /// <summary>Takes what is ready; false where nothing was.</summary>
    private bool TryTakeReady()
    {
        var ready = _core.TakeReady();
        Invariant.Holds(ready is { TruncateTo: null, Install: null, Append: not FetchedRecords },
            $"The quorum follows a leader in epoch {_core.Epoch}, and this node has no way to one");

        if (ready.Persist is { } state)
        {
            var staticVoters = KRaftVersion == 0 ? _core.Voters : null;
            _steps.Enqueue(() =>
            {
                _log.WriteElectionState(state, staticVoters);
                _keptEpoch = state.Epoch;
            });
        }

        if (ready.Append is EpochOpening epoch)
        {
            _steps.Enqueue(() => OpenEpoch(epoch));
        }

        if (!ready.Requests.IsEmpty || !ready.Replies.IsEmpty)
        {
            var sentEpoch = _core.Epoch;
            _steps.Enqueue(() => Send(ready, sentEpoch));
        }

        PublishCommitted(ready.HighWatermark);
        return _steps.Count > 0;
    }

    private void Send(RaftReady ready, int epoch)
    {
        Invariant.Holds(_keptEpoch >= epoch, $"Others are to hear of epoch {epoch}, and {_keptEpoch} is kept on the disk");
        foreach (var request in ready.Requests)
        {
            _peers.Ask(request);
        }

        foreach (var reply in ready.Replies)
        {
            _peers.Answer(reply);
        }
    }

    private void Append(QuorumWork.Append work)
    {
        // Whoever asked may have its answer by now: the epoch is over.
        if (work.Committed.IsCompleted)
        {
            return;
        }

        if (_core.Role is not Leader || work.Epoch != _core.Epoch || work.BaseOffset != _log.EndOffset)
        {
            work.End(null);
            return;
        }

        using var buffer = new PooledBuffer();
        var batches = new List<QuorumBatch>();
        long nowMs = _clock.WallMs(), offset = work.BaseOffset;
        foreach (var records in work.Batches)
        {
            var header = QuorumBatchCodec.Encode(records, offset, work.Epoch, nowMs, buffer);
            batches.Add(new QuorumBatch(offset, header.LastOffset, work.Epoch, nowMs, header.SizeInBytes, records, []));
            offset = header.NextOffset;
        }

        _log.Append(buffer);
        Invariant.Holds(_log.EndOffset == offset, $"The metadata log ends at {_log.EndOffset} after an append up to {offset}");
        work.EndOffset = offset;
        batches.ForEach(Committed.Add);
        _core.Step(new LogAppended(offset, work.Epoch), _clock.Now());
    }

    private void OpenEpoch(EpochOpening epoch)
    {
        // Another epoch may have begun while this step waited for a file.
        if (_core.Role is not Leader || _core.Epoch != epoch.Epoch)
        {
            return;
        }

        var opening = OpeningRecords.Of(epoch, _settings.Raft.Self, _settings.Endpoints, _core.Voters, KRaftVersion, isLogEmpty: _log.EndOffset == 0);
        using var buffer = new PooledBuffer();
        var nowMs = _clock.WallMs();
        var header = QuorumBatchCodec.EncodeControl(opening.Controls, _log.EndOffset, epoch.Epoch, nowMs, buffer);
        _log.Append(buffer);
        Committed.Add(new QuorumBatch(header.BaseOffset, header.LastOffset, epoch.Epoch, nowMs, header.SizeInBytes, [], opening.Controls));
        _core.Step(new LogAppended(header.NextOffset, epoch.Epoch), _clock.Now());
        if (opening.Voters is { } voters)
        {
            _core.Step(new VotersAppended(header.LastOffset, voters), _clock.Now());
        }

        _opened = (epoch.Epoch, header.NextOffset);
    }

    /// <summary>Has what was appended since the last sync made durable, one sync at a time.</summary>
    private void Sync()
    {
        if (_isSyncUnderWay || _syncedOffset >= _log.EndOffset)
        {
            return;
        }

        _isSyncUnderWay = true;
        _ = OnDisk(_log.Sync, new QuorumWork.Synced(_log.EndOffset));
    }

    private void WriteSnapshot()
    {
        if (_isSnapshotUnderWay || _nextSnapshot is not { } next)
        {
            return;
        }

        Invariant.Holds(next.Id.EndOffset <= _core.HighWatermark, $"A snapshot ends at {next.Id.EndOffset}, behind the high watermark {_core.HighWatermark}");
        _nextSnapshot = null;
        _isSnapshotUnderWay = true;
        // Who voted where it ends, which is not always who votes now.
        var content = next.Content with { Voters = _core.VotersBefore(next.Id.EndOffset) };
        var isWritten = false;
        _ = OnDisk(
            () =>
            {
                if (!isWritten)
                {
                    _log.WriteSnapshot(content, next.Id, _clock.WallMs());
                    isWritten = true;
                }

                _log.Clean(_settings.MaxRetentionBytes, _settings.MaxRetentionMs, _clock.WallMs());
            },
            new QuorumWork.SnapshotDone());
    }

    /// <summary>Does something on the disk's threads, and posts its end.</summary>
    private async Task OnDisk(Action work, QuorumWork done)
    {
        try
        {
            await FileShortageRetry.Run(() => _log.DiskThreads.Run(work), _clock, _end);
            _mailbox.Post(done);
        }
        catch (Exception failure)
        {
            _mailbox.Post(new QuorumWork.Failed(failure, done));
        }
    }

    private void PublishCommitted(long highWatermark)
    {
        if (highWatermark <= _publishedHighWatermark)
        {
            return;
        }

        Invariant.Holds(_core.Voters.Voters.Length > 1 || highWatermark <= _syncedOffset, $"{highWatermark} is committed, and {_syncedOffset} is durable");
        _publishedHighWatermark = highWatermark;
        _listener.OnHighWatermark(highWatermark);
        if (_opened is { } opened && highWatermark >= opened.EndOffset)
        {
            _opened = null;
            if (_core.Role is Leader && _core.Epoch == opened.Epoch)
            {
                _ledEpoch = opened.Epoch;
                _listener.OnLeading(opened.Epoch, opened.EndOffset);
            }
        }

        while (_uncommitted.TryPeek(out var first) && (first.Committed.IsCompleted || first.EndOffset <= highWatermark))
        {
            first.Commit();
            _ = _uncommitted.Dequeue();
        }
    }

    private void ReportLostLeadership()
    {
        if (_ledEpoch is not { } epoch || (_core.Role is Leader && _core.Epoch == epoch))
        {
            return;
        }

        _ledEpoch = null;
        _listener.OnLeadershipLost(epoch);
    }

    private void EndEpochOfOthers()
    {
        if (_core.Role is Leader)
        {
            return;
        }

        _opened = null;
        EndAppends(null);
        // Others write the log now, and what they write is in the files alone.
        Committed.TruncateTo(0);
    }

    /// <summary>Whoever waits hears that nothing is known of the records, or what the loop failed of.</summary>
    private void EndAppends(Exception? failure)
    {
        while (_uncommitted.TryDequeue(out var append))
        {
            append.End(failure);
        }
    }

    private void End(Exception? failure)
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        _end.Set();
        _failure = failure;
        _steps.Clear();
        EndAppends(failure);
        Complete();
    }

    private void Complete()
    {
        if (_isSyncUnderWay || _isSnapshotUnderWay)
        {
            return;
        }

        _ = _failure is null ? _completion.TrySetResult() : _completion.TrySetException(_failure);
    }
}
