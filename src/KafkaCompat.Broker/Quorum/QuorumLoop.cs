using System.Diagnostics;
using System.Threading.Channels;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// Runs a <see cref="RaftCore"/>: a mailbox, a clock, the log, and a listener that hears what is committed. Appends that wait together are
/// synced together. What fails here (the disk, a log that cannot be) ends the loop, and with it the node: <see cref="Completion"/> tells.
/// </summary>
public sealed class QuorumLoop : IDisposable
{
    /// <summary>Work that may wait. Whoever posts more waits before.</summary>
    private const int MailboxSize = 1024;

    /// <summary>How long it waits for a file that could not be opened for lack of descriptors.</summary>
    private const int RetryMs = 100;

    private readonly MetadataLog _log;
    private readonly QuorumSettings _settings;
    private readonly IQuorumListener _listener;
    private readonly IQuorumPeers _peers;
    private readonly TimeProvider _clock;
    private readonly RaftCore _core;
    private readonly Channel<Work> _mailbox = Channel.CreateBounded<Work>(new BoundedChannelOptions(MailboxSize) { SingleReader = true });
    private readonly ITimer _timer;
    private readonly List<AppendWork> _uncommitted = [];
    private readonly List<QuorumBatch> _undelivered = [];
    private Task _completion = Task.CompletedTask;
    private short _kraftVersion;
    private long _delivered;
    private bool _hasRecords;
    private long _epochEndOffset = -1;
    private QuorumDescription _description;

    /// <summary>Makes the loop of a log; <see cref="Start"/> starts it.</summary>
    public QuorumLoop(MetadataLog log, QuorumSettings settings, IQuorumListener listener, IQuorumPeers peers, TimeProvider clock, Random random)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clock);
        _log = log;
        _settings = settings;
        _listener = listener;
        _peers = peers;
        _clock = clock;
        Snapshot = log.ReadLatestSnapshot();
        var history = FindVoters();
        var voters = history.Latest;
        if (!voters.Contains(settings.Raft.Self))
        {
            throw new QuorumStateException(voters.Voters.IsEmpty
                ? "The metadata log names no voters, and controller.quorum.voters is not set. A cluster that was formatted with controller.quorum.voters needs that setting at every start."
                : voters.Voters.FirstOrDefault(v => v.Key.Id == settings.Raft.Self.Id) is { } known
                ? $"The metadata log knows node {known.Key.Id} by the directory id {known.Key.DirectoryId}, and meta.properties of its directory says {settings.Raft.Self.DirectoryId}. Write directory.id={known.Key.DirectoryId} there if this is the node's metadata log."
                : $"Node {settings.Raft.Self.Id} with the directory id {settings.Raft.Self.DirectoryId} is not among the voters of the metadata log: {string.Join(", ", voters.Voters.Select(v => $"{v.Key.Id}-{v.Key.DirectoryId}"))}.");
        }

        _core = new RaftCore(settings.Raft, log.ReadElectionState(), history, log.Outline(), random, clock.Now());
        _description = Description();
        _timer = clock.CreateTimer(static state => ((QuorumLoop)state!).Post(new TickWork()), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The snapshot that the loop starts from.</summary>
    internal QuorumSnapshot? Snapshot { get; private set; }

    /// <summary>Ends when the loop does; failed where it could not go on.</summary>
    public Task Completion => _completion;

    /// <summary>How the quorum stands.</summary>
    public QuorumDescription Describe() => Volatile.Read(ref _description);

    /// <summary>kraft.version: 1 where voters are in the log.</summary>
    public short KRaftVersion => Volatile.Read(ref _kraftVersion);

    /// <summary>Starts the loop on the caller's scheduler.</summary>
    public void Start() => _completion = RunAsync();

    /// <summary>
    /// Appends batches as leader of an epoch, the first at <paramref name="baseOffset"/>. Done when they are committed and the listener has been told.
    /// False where the epoch is over; nothing is known of the records then.
    /// </summary>
    public async Task<bool> AppendAsync(int epoch, long baseOffset, IReadOnlyList<IReadOnlyList<VersionedRecord>> batches)
    {
        var work = new AppendWork(epoch, baseOffset, batches);
        await _mailbox.Writer.WriteAsync(work);
        return await work.Done.Task;
    }

    /// <summary>Takes a message of a peer.</summary>
    public ValueTask ReceiveAsync(RaftMessage message) => _mailbox.Writer.WriteAsync(new MessageWork(message));

    /// <summary>Puts a snapshot of the committed state into the log's folder, and cleans what it makes superfluous.</summary>
    /// <remarks>It may be called on the loop's own turn, so it does not wait: false where the mailbox is full, and the next one will do.</remarks>
    public bool TrySnapshot(SnapshotId id, QuorumSnapshot snapshot) => _mailbox.Writer.TryWrite(new SnapshotWork(id, snapshot));

    /// <summary>Ends the loop after what has been posted before.</summary>
    public async Task StopAsync()
    {
        _mailbox.Writer.TryComplete();
        await _completion;
    }

    public void Dispose() => _timer.Dispose();

    private void Post(Work work) => _mailbox.Writer.TryWrite(work);

    /// <summary>The voters as snapshot and log name them last; the configured ones below kraft.version 1.</summary>
    private VoterHistory FindVoters()
    {
        var sets = new List<(long Offset, VoterSet Voters)>();
        _kraftVersion = Snapshot?.KRaftVersion ?? 0;
        _delivered = _log.LatestSnapshot?.EndOffset ?? _log.StartOffset;
        for (long offset = _delivered; offset < _log.EndOffset;)
        {
            var batches = _log.Read(offset, _log.EndOffset);
            if (batches.Count == 0)
            {
                break;
            }

            foreach (var (control, at) in batches.SelectMany(static batch => batch.Controls.Select((control, i) => (control, batch.BaseOffset + i))))
            {
                _kraftVersion = control is KRaftVersionRecord version ? version.KRaftVersion : _kraftVersion;
                if (control is VotersRecord set)
                {
                    sets.Add((at, VoterSet.From(set)));
                }
            }

            offset = batches[^1].LastOffset + 1;
        }

        if (_kraftVersion == 0)
        {
            return new VoterHistory(_settings.StaticVoters);
        }

        var history = new VoterHistory(Snapshot?.Voters ?? _settings.StaticVoters);
        sets.ForEach(set => history.Append(set.Offset, set.Voters));
        return history;
    }

    private async Task RunAsync()
    {
        var drained = new List<Work>();
        try
        {
            if (Snapshot is { } snapshot)
            {
                await _listener.OnSnapshot(_log.LatestSnapshot!.Value, snapshot);
                _hasRecords = _log.LatestSnapshot.Value > SnapshotId.Bootstrap;
            }

            Snapshot = null;
            _core.Tick(_clock.Now());
            await DoWhatIsReady();
            while (await _mailbox.Reader.WaitToReadAsync())
            {
                while (drained.Count < MailboxSize && _mailbox.Reader.TryRead(out var work))
                {
                    drained.Add(work);
                }

                await Take(drained);
                drained.Clear();
                _core.Tick(_clock.Now());
                await DoWhatIsReady();
            }

            // Stopped before others had them: nothing is known of these records.
            _uncommitted.ForEach(static work => work.Done.TrySetResult(false));
        }
        catch (Exception failure)
        {
            _mailbox.Writer.TryComplete(failure);
            foreach (var work in drained.OfType<AppendWork>().Concat(_uncommitted))
            {
                work.Done.TrySetException(failure);
            }

            while (_mailbox.Reader.TryRead(out var work))
            {
                (work as AppendWork)?.Done.TrySetException(failure);
            }

            throw;
        }
    }

    private async ValueTask Take(List<Work> drained)
    {
        bool hasAppended = false;
        foreach (var work in drained)
        {
            switch (work)
            {
                case AppendWork append: hasAppended |= await Append(append); break;
                case MessageWork message: _core.Step(message.Message, _clock.Now()); break;
                case SnapshotWork snapshot:
                    // Who voted where it ends, which is not always who votes now.
                    var content = snapshot.Snapshot with { Voters = _core.VotersBefore(snapshot.Id.EndOffset) };
                    await WithFiles(() => _log.WriteSnapshot(content, snapshot.Id, _clock.WallMs()));
                    await WithFiles(() => _log.Clean(_settings.MaxRetentionBytes, _settings.MaxRetentionMs, _clock.WallMs()));
                    _core.Step(new LogCleaned(_log.Start), _clock.Now());
                    break;
                default: break;
            }
        }

        if (hasAppended)
        {
            await Sync();
        }
    }

    private async ValueTask<bool> Append(AppendWork work)
    {
        if (_core.Role is not Leader || work.Epoch != _core.Epoch || work.BaseOffset != _log.EndOffset)
        {
            work.Done.TrySetResult(false);
            return false;
        }

        using var buffer = new PooledBuffer();
        long nowMs = _clock.WallMs(), offset = work.BaseOffset;
        foreach (var records in work.Batches)
        {
            var header = QuorumBatchCodec.Encode(records, offset, work.Epoch, nowMs, buffer);
            _undelivered.Add(new QuorumBatch(offset, header.LastOffset, work.Epoch, nowMs, header.SizeInBytes, records, []));
            offset = header.NextOffset;
        }

        await WithFiles(() => _log.Append(buffer));
        _core.Step(new LogAppended(_log.EndOffset, work.Epoch), _clock.Now());
        work.EndOffset = offset;
        _uncommitted.Add(work);
        return true;
    }

    private async ValueTask Sync()
    {
        await WithFiles(_log.Sync);
        _core.Step(new LogSynced(_log.EndOffset), _clock.Now());
    }

    /// <summary>
    /// Does what may have to open a file. A process that has too many open, because of its clients most of all, refuses it and leaves the log as it was: it is done
    /// again until there is one to be had. Who waits for the record waits on; the node does not end over it.
    /// </summary>
    private async ValueTask WithFiles(Action step)
    {
        while (true)
        {
            try
            {
                step();
                return;
            }
            catch (Exception refused) when (FileShortage.IsOfDescriptors(refused.InnerException ?? refused))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(RetryMs), _clock);
            }
        }
    }

    private async ValueTask DoWhatIsReady()
    {
        bool isBusy = true;
        while (isBusy)
        {
            var ready = _core.TakeReady();
            if (ready.Persist is { } state)
            {
                await WithFiles(() => _log.WriteElectionState(state, _kraftVersion == 0 ? _core.Voters : null));
            }

            if (ready.TruncateTo is not null || ready.Install is not null || ready.Append is FetchedRecords)
            {
                throw new UnreachableException("The quorum follows a leader, and this node has no way to one.");
            }

            isBusy = ready.Append is not null;
            if (ready.Append is EpochOpening epoch)
            {
                await OpenEpoch(epoch);
            }

            foreach (var request in ready.Requests)
            {
                _peers.Ask(request);
            }

            foreach (var reply in ready.Replies)
            {
                _peers.Answer(reply);
            }

            if (ready.HighWatermark > _delivered)
            {
                await Deliver(ready.HighWatermark);
                isBusy = true;
            }

            Volatile.Write(ref _description, Description());
        }

        DropUncommittedOfOthers();
        _timer.Change(_core.NextDeadlineMs is { } due ? TimeSpan.FromMilliseconds(Math.Max(0, due - _clock.TickMs())) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// The first batch of an epoch: who leads; and the voters, into an empty log as the formatted snapshot named them, or where this one is reached elsewhere now.
    /// </summary>
    private async ValueTask OpenEpoch(EpochOpening epoch)
    {
        var controls = new List<IMessage>
        {
            new LeaderChangeMessage
            {
                LeaderId = _settings.Raft.Self.Id,
                Voters = [.. _core.Voters.Voters.Select(v => new LeaderChangeMessage.Voter { VoterId = v.Key.Id })],
                GrantingVoters = [.. epoch.GrantingVoters.Select(v => new LeaderChangeMessage.Voter { VoterId = v.Id })],
            },
        };
        var voters = _kraftVersion > 0 ? _core.Voters.Moved(_settings.Raft.Self, _settings.Endpoints) : _core.Voters;
        bool namesVoters = _kraftVersion > 0 && (_log.EndOffset == 0 || !ReferenceEquals(voters, _core.Voters));
        if (namesVoters)
        {
            controls.Add(new KRaftVersionRecord { KRaftVersion = _kraftVersion });
            controls.Add(voters.ToRecord());
        }

        using var buffer = new PooledBuffer();
        long nowMs = _clock.WallMs();
        var header = QuorumBatchCodec.EncodeControl(controls, _log.EndOffset, epoch.Epoch, nowMs, buffer);
        if (_delivered == _log.EndOffset || _undelivered.Count > 0)
        {
            _undelivered.Add(new QuorumBatch(header.BaseOffset, header.LastOffset, epoch.Epoch, nowMs, header.SizeInBytes, [], controls));
        }

        await WithFiles(() => _log.Append(buffer));
        _core.Step(new LogAppended(_log.EndOffset, epoch.Epoch), _clock.Now());
        if (namesVoters)
        {
            _core.Step(new VotersAppended(header.LastOffset, voters), _clock.Now());
        }

        _epochEndOffset = header.NextOffset;
        await Sync();
    }

    private async ValueTask Deliver(long highWatermark)
    {
        while (_delivered < highWatermark)
        {
            List<QuorumBatch> batches = [];
            if (_undelivered.Count > 0 && _undelivered[0].BaseOffset == _delivered)
            {
                batches = _undelivered.TakeWhile(b => b.LastOffset < highWatermark).ToList();
            }
            else
            {
                await WithFiles(() => batches = _log.Read(_delivered, highWatermark));
            }

            if (batches.Count == 0)
            {
                break;
            }

            _undelivered.RemoveAll(b => b.BaseOffset <= batches[^1].BaseOffset);
            _hasRecords |= batches.Exists(b => b.Records.Count > 0);
            await _listener.OnCommitted(batches);
            _delivered = batches[^1].LastOffset + 1;
        }

        if (_epochEndOffset >= 0 && _delivered >= _epochEndOffset)
        {
            _epochEndOffset = -1;
            await _listener.OnLeading(new LeadershipStart(_core.Epoch, _log.EndOffset, !_hasRecords));
        }

        Volatile.Write(ref _description, Description());
        for (int i = 0; i < _uncommitted.Count && _uncommitted[i].EndOffset <= _delivered; i++)
        {
            _uncommitted[i].Done.TrySetResult(true);
        }

        _uncommitted.RemoveAll(w => w.EndOffset <= _delivered);
    }

    private void DropUncommittedOfOthers()
    {
        if (_core.Role is not Leader)
        {
            _epochEndOffset = -1;
            _uncommitted.ForEach(w => w.Done.TrySetResult(false));
            _uncommitted.Clear();
            _undelivered.Clear();
        }
    }

    private QuorumDescription Description()
    {
        var progress = _core.Role is Leader leader ? leader.Progress : Progress.Empty;
        var observers = progress.Replicas.Keys.Where(key => !_core.Voters.Contains(key));
        return new QuorumDescription(
            _core.LeaderId, _core.Epoch, _core.HighWatermark, [.. _core.Voters.Voters.Select(voter => Replica(voter.Key))], [.. observers.Select(Replica)], _core.Voters, _kraftVersion);

        QuorumReplica Replica(ReplicaKey key)
        {
            var known = progress.Of(key);
            return new QuorumReplica(key, known.EndOffset, known.LastFetchMs, known.LastCaughtUpMs);
        }
    }

    private abstract record Work;

    private sealed record TickWork : Work;

    private sealed record MessageWork(RaftMessage Message) : Work;

    private sealed record SnapshotWork(SnapshotId Id, QuorumSnapshot Snapshot) : Work;

    private sealed record AppendWork(int Epoch, long BaseOffset, IReadOnlyList<IReadOnlyList<VersionedRecord>> Batches) : Work
    {
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long EndOffset { get; set; }
    }
}
