using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// One replica of a partition on this node: its log, its role, and who waits on it. Everything that changes it goes
/// through its lock: a batch is checked, given offsets and written in one step, so that offsets and producer sequences
/// follow the order of the bytes in the file. Readers take no part in that: they go by the bounds that are published.
/// </summary>
/// <remarks>
/// Invariants: <c>LogStartOffset ≤ LastStableOffset ≤ HighWatermark ≤ LogEndOffset</c>; the high watermark never goes
/// back while this replica leads. What is published is what the role says: <see cref="Publish"/> is the one place that readers and waits hear of it.
/// </remarks>
public sealed class Partition
{
    /// <summary>Batches up to this size are checked at once, whatever their codec: to have another thread do it would cost more than most of them do.</summary>
    internal const int MaxInlineBatchBytes = 1024;

    private readonly Lock _lock = new();
    private readonly LogSyncer _syncer;
    private readonly TimeProvider _time;
    private readonly AckWaits _ackWaits = new();
    private readonly FlushSchedule _flushes;
    private readonly AppendTimes _times = new();
    private readonly PartitionReader _reader;
    private TopicConfig _config;
    private PartitionRole _role;
    private long _publishedHighWatermark;
    private long _bytesIn;
    private long _recordsIn;
    private long _bytesOut;

    public Partition(Uuid topicId, PartitionLog log, TopicConfig config, long highWatermark, LogSyncer syncer, TimeProvider time)
    {
        TopicId = topicId;
        Log = log;
        _config = config;
        _syncer = syncer;
        _time = time;
        _flushes = new FlushSchedule(_time.TickMs());
        // A checkpoint may be older than the log or, after a lost tail, newer.
        _role = Follow(Leadership.Unknown, Math.Clamp(highWatermark, log.LogStartOffset, log.LogEndOffset));
        _publishedHighWatermark = _role.HighWatermark;
        // Recovery has read markers that were replicated long ago; else they would hold committed readers back until the next append.
        log.Producers.OnHighWatermark(_publishedHighWatermark);
        FetchWaits = new FetchWaits(_publishedHighWatermark, log.Producers.FirstUnstableOffset);
        _reader = new PartitionReader(this, log, FetchWaits);
    }

    public string Topic => Log.Partition.Topic;

    public Uuid TopicId { get; }

    public int Index => Log.Partition.Partition;

    /// <summary>For the loops that keep logs in order: retention, syncing, checkpoints. Reads and appends go through the partition.</summary>
    public PartitionLog Log { get; }

    public long HighWatermark => FetchWaits.Bounds.HighWatermark;

    public TopicConfig Config => Volatile.Read(ref _config);

    /// <summary>
    /// How it stands and what went through it. Without the lock: an append to a disk that does not answer holds that, and whoever measures the node wants to
    /// know just then.
    /// </summary>
    public PartitionStanding Standing
    {
        get
        {
            var leading = Volatile.Read(ref _role) as Leading;
            return new PartitionStanding(
                leading is not null, leading?.InSyncReplicas ?? 0, Config.MinInSyncReplicas, Volatile.Read(ref _bytesIn), Volatile.Read(ref _recordsIn),
                Volatile.Read(ref _bytesOut));
        }
    }

    /// <summary>What readers may see, and fetches that wait to see more.</summary>
    internal FetchWaits FetchWaits { get; }

    /// <summary>Records were read for a client.</summary>
    internal void CountRead(int bytes) => Interlocked.Add(ref _bytesOut, bytes);

    /// <summary>Takes over what the metadata image says of the partition.</summary>
    /// <param name="registration">What it says.</param>
    /// <param name="nodeId">This broker, which leads where it says so.</param>
    public void Apply(PartitionRegistration registration, int nodeId)
    {
        lock (_lock)
        {
            var current = _role.Leadership;
            if (current.IsClosed) return;
            if ((registration.Leader, registration.LeaderEpoch) == (current.LeaderId, current.LeaderEpoch))
            {
                (_role as Leading)?.OnMetadata(registration);
                Publish();
                return;
            }
            var leadership = new Leadership(registration.Leader, registration.LeaderEpoch, registration.Leader == nodeId, IsClosed: false, Log.LogEndOffset);
            if (!leadership.IsHere)
            {
                Become(Follow(leadership, _role.HighWatermark));
                return;
            }
            var leading = Lead(leadership, registration);
            Log.Epochs.Assign(registration.LeaderEpoch, Log.LogEndOffset);
            // Whoever finds it leading finds too how far it may read.
            leading.OnLog();
            _role = leading;
            Publish();
            Become(leading);
            if (_config.FlushMessages == 1) _syncer.Request(this);
        }
    }

    public void ApplyConfig(TopicConfig config)
    {
        lock (_lock)
        {
            _config = config;
            Log.Settings = config.Log;
            _role.Configure(config);
            // In flush mode as much of the log counts as is durable, from now on.
            _role.OnLog();
            Publish();
        }
    }

    /// <summary>Whether a batch of more than <see cref="MaxInlineBatchBytes"/> is decompressed or compressed here, which takes long.</summary>
    public bool TakesLong(RecordBytes? records)
    {
        if (records is null || !RecordBatchHeader.TryReadAttributes(records.Memory, out var attributes)) return false;
        return (attributes & BatchAttributes.CodecMask) != 0 || Config.Produce.Codec is not (null or CompressionType.None);
    }

    /// <summary>
    /// Checks a producer's batches, gives them offsets and writes them. The bytes are not needed afterwards. What the batch alone decides is checked outside of
    /// the lock: reading the records of a compressed one can take long, and is at the cost of whoever sent it and not of others who write here.
    /// </summary>
    public PartitionAppend Append(RecordBytes? records, short acks, short version)
    {
        ProduceSettings settings;
        lock (_lock)
        {
            if (Refusal(acks, out _) is { } refused) return refused;
            settings = _config.Produce;
        }
        var rules = new ProduceBatchRules(version, Topic, Index, settings, _time.WallMs());
        using var verdict = ProduceBatchValidator.Validate(records?.Memory, rules);
        if (!verdict.IsAccepted) return PartitionAppend.Refused(verdict, Log.LogStartOffset);
        try
        {
            lock (_lock)
            {
                if (Append(verdict, acks, knowsOlderBatches: !Log.LacksOlderBatches) is { } done) return done;
            }
            // After a restart a batch out of sequence may be one that was in flight. The log knows, and is read without the lock.
            Log.ReadOlderBatches();
            lock (_lock) return Append(verdict, acks, knowsOlderBatches: true)!.Value;
        }
        catch (KafkaStorageException refused)
        {
            return PartitionAppend.Failed(ErrorCode.KafkaStorageError) with { Cause = refused.Message.TrimEnd('.') };
        }
        catch (ObjectDisposedException)
        {
            // Deleted while it was read.
            return NotLeader();
        }
    }

    /// <summary>
    /// Appends batches that a coordinator of this node built, in its own order. The builder leaves offsets and epoch to the
    /// partition; the epoch that the coordinator believes to lead in must still be the partition's.
    /// </summary>
    public PartitionAppend AppendAsLeader(in ReadOnlySequence<byte> batch, int leaderEpoch)
    {
        lock (_lock)
        {
            if (_role is not Leading leading || leading.Leadership.LeaderEpoch != leaderEpoch) return NotLeader();
            try
            {
                var appended = leading.AppendOfCoordinator(batch);
                Grew(appended);
                return appended;
            }
            catch (KafkaStorageException)
            {
                return PartitionAppend.Failed(ErrorCode.KafkaStorageError);
            }
        }
    }

    /// <summary>What to ask the leader for next; null where this replica leads, or follows nobody.</summary>
    internal LeaderFetch? NextFetch()
    {
        lock (_lock) return (_role as Following)?.Ask();
    }

    /// <summary>
    /// Takes over what the leader has answered: appends its records, or cuts the log back to where both agree, and follows its high watermark and the start
    /// of its log. An answer to anything but the last fetch of this epoch changes nothing. With an error nothing has changed either, and the next fetch asks
    /// again.
    /// </summary>
    internal ErrorCode Follow(in LeaderFetch fetch, in LeaderAnswer answer)
    {
        try
        {
            var batches = LeaderBatches.Check(answer.Records, Log.LogEndOffset, fetch.Ask.LeaderEpoch);
            if (batches.Error != ErrorCode.None) return batches.Error;
            lock (_lock)
            {
                var leadership = _role.Leadership;
                if (_role is not Following following || leadership.IsClosed || leadership.LeaderEpoch != fetch.Ask.LeaderEpoch)
                    return ErrorCode.NotLeaderOrFollower;
                var before = Log.LogEndOffset;
                var change = following.Take(fetch.Ask.Token, answer, batches);
                if (change.WrittenBytes > 0) Grew(Math.Max(1, Log.LogEndOffset - before), change.WrittenBytes);
                else Publish();
                return change.Error;
            }
        }
        catch (KafkaStorageException)
        {
            return ErrorCode.KafkaStorageError;
        }
        catch (ObjectDisposedException)
        {
            return ErrorCode.NotLeaderOrFollower;
        }
    }

    /// <summary>
    /// Reads what a consumer may see from <paramref name="offset"/> on: below the high watermark, or below the last stable
    /// offset for <paramref name="committedOnly"/>. Records are a region of the file, not a copy; whoever gets them lets
    /// go of them.
    /// </summary>
    public PartitionRead Read(long offset, int maxBytes, bool minOneBatch, bool committedOnly, int currentLeaderEpoch, int lastFetchedEpoch) =>
        _reader.Read(offset, maxBytes, minOneBatch, committedOnly, currentLeaderEpoch, lastFetchedEpoch);

    /// <summary>The answer to a replica: none follows this partition.</summary>
    public PartitionRead RefuseReplica() => _reader.RefuseReplica();

    /// <summary>
    /// Where the log ends, committed or not, for the coordinator that leads in <paramref name="leaderEpoch"/>; an error where nobody does.
    /// </summary>
    public (ErrorCode Error, long EndOffset, bool IsCommitted) EndAsLeader(int leaderEpoch) => _reader.EndAsLeader(leaderEpoch);

    /// <summary>
    /// Copies batches from <paramref name="offset"/> on, before <paramref name="endOffset"/>, for the coordinator that leads in
    /// <paramref name="leaderEpoch"/>. Unlike a consumer it is not held to the high watermark: the leader's log is the truth, and after a kill
    /// the watermark is no newer than its last checkpoint. Cut at <paramref name="maxBytes"/>, but the first batch is whole.
    /// </summary>
    public (ErrorCode Error, byte[] Batches) ReadAsLeader(long offset, long endOffset, int maxBytes, int leaderEpoch) =>
        _reader.ReadAsLeader(offset, endOffset, maxBytes, leaderEpoch);

    /// <summary>
    /// The offset for a timestamp or one of the named places; consumers see up to the high watermark or the last stable offset. While the high
    /// watermark is behind what was here when this replica became the leader, as after a kill with <c>flush.messages=1</c> until the first sync, where
    /// consumers' records end is not known: who reads up to there must not learn of fewer than it learned of before.
    /// </summary>
    public FoundOffset FindOffset(long timestamp, bool committedOnly, int currentLeaderEpoch) =>
        _reader.FindOffset(timestamp, committedOnly, currentLeaderEpoch);

    /// <summary>Where a leader epoch ended: the largest epoch here that is not above it, and the offset after that epoch's last record.</summary>
    public (ErrorCode Error, int Epoch, long EndOffset) EndOfEpoch(int currentLeaderEpoch, int epoch) => _reader.EndOfEpoch(currentLeaderEpoch, epoch);

    /// <summary>
    /// Forgets the records before an offset (-1: before the high watermark). Returns where the log starts now, which is the low watermark of a partition
    /// whose only replica is here; -1 with an error. Segments that lie before it go with the next run of retention.
    /// </summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecordsBefore(long offset)
    {
        lock (_lock) return _role is Leading leading ? leading.DeleteRecordsBefore(offset) : (ErrorCode.NotLeaderOrFollower, -1);
    }

    /// <summary>The producers that have written here lately. As in Kafka any replica answers, not the leader alone.</summary>
    public (ErrorCode Error, IReadOnlyList<ProducerDescription> Producers) DescribeProducers()
    {
        lock (_lock)
        {
            return _role.Leadership.IsClosed ? (ErrorCode.NotLeaderOrFollower, []) : (ErrorCode.None, Log.Producers.Describe());
        }
    }

    /// <summary>Stops serving; whoever waits gets an error. The log itself is closed or deleted by the table.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_role.Leadership.IsClosed) return;
            Become(Follow(_role.Leadership with { IsHere = false, IsClosed = true }, _role.HighWatermark));
        }
    }

    /// <summary>
    /// The partition is nobody's any more: who waits here, or begins to, hears of it at once. It takes no lock that an append holds; <see cref="Close"/>, which
    /// does, may have to wait for the disk.
    /// </summary>
    internal void EndWaits(ErrorCode outcome)
    {
        FetchWaits.End();
        _ackWaits.End(outcome);
    }

    internal void AddAckWait(AckWait.Place place)
    {
        lock (_lock)
        {
            // Who has lost the leadership meanwhile may have cut the records off, and have others there now that it leads again.
            if (_role.Leadership.IsHereIn(place.LeaderEpoch)) _ackWaits.Add(place, _role.HighWatermark);
            else place.Complete(ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <summary>Nobody waits for the place any more. No lock that an append holds is taken.</summary>
    internal void RemoveAckWait(AckWait.Place place) => _ackWaits.Remove(place);

    /// <summary>Asks for a sync where <c>flush.ms</c> is over since the last one.</summary>
    public void SyncIfDue()
    {
        lock (_lock)
        {
            if (_role.Leadership.IsClosed || !_flushes.IsDue(_time.TickMs(), _config.FlushMs)) return;
        }
        _syncer.Request(this);
    }

    /// <summary>The log's tail became durable. With <c>flush.messages=1</c> that is what an acknowledgement waits for.</summary>
    internal void OnSynced()
    {
        lock (_lock)
        {
            if (_role.Leadership.IsClosed) return;
            _flushes.Synced(_time.TickMs());
            _role.OnLog();
            Publish();
        }
    }

    private Leading Lead(Leadership leadership, PartitionRegistration registration)
    {
        var settings = Leading.SettingsOf(_config);
        var replica = new LeaderReplica(leadership.LeaderId, registration, settings, leadership.StartOffset, _role.HighWatermark, _time.TickMs());
        return new Leading(leadership, replica, Log, _config, _time, _times);
    }

    private Following Follow(Leadership leadership, long highWatermark)
    {
        var start = Log.LogStartOffset;
        var replica = new FollowerReplica(leadership.LeaderEpoch, start, Log.LogEndOffset, Math.Max(start, highWatermark));
        var following = new Following(leadership, replica, Log, _config, Shrank);
        following.OnLog();
        return following;
    }

    /// <summary>Who waits here for what only a leader can tell looks elsewhere; fetches look again in any case.</summary>
    private void Become(PartitionRole role)
    {
        _role = role;
        if (role is Following) _ackWaits.Release(ErrorCode.NotLeaderOrFollower);
        FetchWaits.Lead(role.Leadership);
    }

    private PartitionAppend? Refusal(short acks, out Leading? leading)
    {
        leading = _role as Leading;
        return leading is null ? NotLeader() : leading.Refusal(acks);
    }

    private PartitionAppend? Append(in ProduceVerdict verdict, short acks, bool knowsOlderBatches)
    {
        if (Refusal(acks, out var leading) is { } refused) return refused;
        var appended = leading!.Append(verdict, knowsOlderBatches);
        if (appended is { } done) Grew(done);
        return appended;
    }

    /// <summary>Bytes were written, or none where an append was refused or found in the log.</summary>
    private void Grew(in PartitionAppend appended)
    {
        if (appended.WrittenBytes == 0) return;
        var records = appended.RequiredOffset - appended.BaseOffset;
        _bytesIn += appended.WrittenBytes;
        _recordsIn += records;
        Grew(records, appended.WrittenBytes);
    }

    private void Grew(long records, long bytes)
    {
        if (_flushes.IsDueAfter(records, _config.FlushMessages)) _syncer.Request(this);
        FetchWaits.Written(Log.LogEndOffset, bytes);
        Publish();
    }

    /// <summary>Records went from the end of the log. The high watermark may have gone back, and which transactions are open is found again.</summary>
    private void Shrank()
    {
        FetchWaits.Cut(Log.LogEndOffset);
        _publishedHighWatermark = -1;
        Publish();
    }

    /// <summary>Readers, and whoever waits for bytes or an acknowledgement, hear of the high watermark where it has moved.</summary>
    private void Publish()
    {
        var highWatermark = _role.HighWatermark;
        if (highWatermark <= _publishedHighWatermark) return;
        Invariant.Holds(highWatermark <= Log.LogEndOffset, $"{Log.Partition}: the high watermark is {highWatermark}, and the log ends at {Log.LogEndOffset}");
        Invariant.Holds(_config.FlushMessages != 1 || _role is not Leading || highWatermark <= Log.RecoveryPoint,
            $"{Log.Partition}: {highWatermark} is to be acknowledged, and {Log.RecoveryPoint} is durable");
        _publishedHighWatermark = highWatermark;
        Log.Producers.OnHighWatermark(highWatermark);
        FetchWaits.Advance(highWatermark, Log.Producers.FirstUnstableOffset, Log.LogStartOffset);
        _ackWaits.Advance(highWatermark);
    }

    private PartitionAppend NotLeader() =>
        PartitionAppend.Failed(ErrorCode.NotLeaderOrFollower) with { LeaderId = _role.Leadership.LeaderId, LeaderEpoch = _role.Leadership.LeaderEpoch };
}
