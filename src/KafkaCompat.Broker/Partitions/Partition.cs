using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// One replica of a partition on this node: its log, its role, and who waits on it. Everything that changes it goes
/// through its lock: a batch is checked, given offsets and written in one step, so that offsets and producer sequences
/// follow the order of the bytes in the file. Readers take no part in that: they go by the bounds that are published.
/// </summary>
/// <remarks>
/// Invariants: <c>LogStartOffset ≤ LastStableOffset ≤ HighWatermark ≤ LogEndOffset</c>; the high watermark never goes
/// back while this replica leads. On a single node every append is replicated
/// at once; <see cref="AdvanceHighWatermark"/> is the one place that followers' progress will come through.
/// </remarks>
public sealed class Partition
{
    /// <summary>In DeleteRecords: everything that consumers can see.</summary>
    private const long HighWatermarkOffset = -1;

    /// <summary>Batches up to this size are checked at once, whatever their codec: to have another thread do it would cost more than most of them do.</summary>
    internal const int MaxInlineBatchBytes = 1024;

    private readonly Lock _lock = new();
    private readonly PartitionLog _log;
    private readonly LogSyncer _syncer;
    private readonly TimeProvider _time;
    private TopicConfig _config;
    private ProduceSettings _produceSettings;
    private readonly AckWaits _ackWaits = new();
    private readonly FlushSchedule _flushes;
    private readonly PartitionReader _reader;
    private Leadership _leadership = Leadership.Unknown;
    private long _highWatermark;
    private long _lastAppendTimeMs = long.MinValue;
    private int _replicas;
    private int _inSyncReplicas;
    private long _bytesIn;
    private long _recordsIn;
    private long _bytesOut;

    public Partition(string topic, Uuid topicId, int index, PartitionLog log, TopicConfig config, long highWatermark, LogSyncer syncer, TimeProvider time)
    {
        Topic = topic;
        TopicId = topicId;
        Index = index;
        _log = log;
        _config = config;
        _produceSettings = LogSettingsOf.Produce(config);
        _syncer = syncer;
        _time = time;
        _flushes = new FlushSchedule(_time.TickMs());
        // A checkpoint may be older than the log or, after a lost tail, newer.
        _highWatermark = Math.Clamp(highWatermark, log.LogStartOffset, log.LogEndOffset);
        // Recovery has read markers that were replicated long ago; else they would hold committed readers back until the next append.
        log.Producers.OnHighWatermark(_highWatermark);
        FetchWaits = new FetchWaits(_highWatermark, log.Producers.FirstUnstableOffset);
        _reader = new PartitionReader(this, log, FetchWaits);
    }

    public string Topic { get; }

    public Uuid TopicId { get; }

    public int Index { get; }

    /// <summary>For the loops that keep logs in order: retention, syncing, checkpoints. Reads and appends go through the partition.</summary>
    public PartitionLog Log => _log;

    public long HighWatermark => FetchWaits.Bounds.HighWatermark;

    public TopicConfig Config => Volatile.Read(ref _config);

    /// <summary>How it stands and what went through it, at one moment.</summary>
    public PartitionStanding Standing
    {
        get
        {
            lock (_lock) return new PartitionStanding(_leadership.IsHere, _inSyncReplicas, _config.MinInSyncReplicas, _bytesIn, _recordsIn, Volatile.Read(ref _bytesOut));
        }
    }

    /// <summary>What readers may see, and fetches that wait to see more.</summary>
    internal FetchWaits FetchWaits { get; }

    /// <summary>Records were read for a client.</summary>
    internal void CountRead(int bytes) => Interlocked.Add(ref _bytesOut, bytes);

    /// <summary>Takes over what the metadata image says of the partition.</summary>
    public void ApplyLeadership(int leaderId, int leaderEpoch, int replicas, int inSyncReplicas, bool isLeader)
    {
        lock (_lock)
        {
            if (_leadership.IsClosed) return;
            _replicas = replicas;
            _inSyncReplicas = inSyncReplicas;
            if ((leaderId, leaderEpoch, isLeader) == (_leadership.LeaderId, _leadership.LeaderEpoch, _leadership.IsHere)) return;
            _leadership = new Leadership(leaderId, leaderEpoch, isLeader, IsClosed: false, _log.LogEndOffset);
            if (isLeader) _log.Epochs.Assign(leaderEpoch, _log.LogEndOffset);
            else _ackWaits.Release(ErrorCode.NotLeaderOrFollower);
            FetchWaits.Lead(_leadership);
            if (!isLeader) return;
            if (_config.FlushMessages == 1) _syncer.Request(this);
            AdvanceHighWatermark();
        }
    }

    public void ApplyConfig(TopicConfig config)
    {
        lock (_lock)
        {
            _config = config;
            _produceSettings = LogSettingsOf.Produce(config);
            _log.Settings = LogSettingsOf.Topic(config);
        }
    }

    /// <summary>Whether a batch of more than <see cref="MaxInlineBatchBytes"/> is decompressed or compressed here, which takes long.</summary>
    public bool TakesLong(RecordBytes? records)
    {
        if (records is null || !RecordBatchHeader.TryRead(records.Memory, out var header)) return false;
        return header.Codec != CompressionType.None || Volatile.Read(ref _produceSettings).Codec is not (null or CompressionType.None);
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
            if (RefusalToProduce(acks) is { } refused) return refused;
            settings = _produceSettings;
        }
        var rules = new ProduceBatchRules(version, Topic, Index, settings, _time.WallMs());
        using var verdict = ProduceBatchValidator.Validate(records?.Memory, rules);
        if (!verdict.IsAccepted)
            return Refused(verdict.Error, verdict.ErrorMessage, isOfRequest: verdict.IsOfRequest) with { RecordErrors = verdict.RecordErrors };
        try
        {
            lock (_lock)
            {
                if (RefusalToProduce(acks) is { } refused) return refused;
                if (AppendUnderLock(verdict, knowsOlderBatches: !_log.LacksOlderBatches) is { } done) return done;
            }
            // After a restart a batch out of sequence may be one that was in flight. The log tells, and is read without the lock.
            _log.ReadOlderBatches();
            lock (_lock) return RefusalToProduce(acks) ?? AppendUnderLock(verdict, knowsOlderBatches: true)!.Value;
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
            if (!_leadership.IsHereIn(leaderEpoch)) return NotLeader();
            if (IsUnderMinIsr) return PartitionAppend.Failed(ErrorCode.NotEnoughReplicas);
            if (!RecordBatchHeader.TryRead(batch, out var header) || header.SizeInBytes > _config.MaxMessageBytes)
                return PartitionAppend.Failed(ErrorCode.MessageTooLarge);
            try
            {
                RecordBatchPatch.SetBaseOffset(batch, _log.LogEndOffset);
                RecordBatchPatch.SetPartitionLeaderEpoch(batch, _leadership.LeaderEpoch);
                var appended = Write(batch);
                return new PartitionAppend
                {
                    BaseOffset = appended.FirstOffset,
                    LogAppendTimeMs = -1,
                    LogStartOffset = _log.LogStartOffset,
                    RequiredOffset = appended.LastOffset + 1,
                    IsReplicated = appended.LastOffset < _highWatermark,
                };
            }
            catch (KafkaStorageException)
            {
                return PartitionAppend.Failed(ErrorCode.KafkaStorageError);
            }
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
    /// The offset for a timestamp or one of the named places; consumers see up to the high watermark or the last stable offset. While the high watermark is behind
    /// what was here when this replica became the leader, as after a kill with <c>flush.messages=1</c> until the first sync, where consumers' records end is not
    /// known: who reads up to there must not be told that there are fewer than it was told before.
    /// </summary>
    public FoundOffset FindOffset(long timestamp, bool committedOnly, int currentLeaderEpoch) => _reader.FindOffset(timestamp, committedOnly, currentLeaderEpoch);

    /// <summary>Where a leader epoch ended: the largest epoch here that is not above it, and the offset after that epoch's last record.</summary>
    public (ErrorCode Error, int Epoch, long EndOffset) EndOfEpoch(int currentLeaderEpoch, int epoch) => _reader.EndOfEpoch(currentLeaderEpoch, epoch);

    /// <summary>
    /// Forgets the records before an offset (-1: before the high watermark). Returns where the log starts now, which is the low watermark of a partition
    /// whose only replica is here; -1 with an error. Segments that lie before it go with the next run of retention.
    /// </summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecordsBefore(long offset)
    {
        lock (_lock)
        {
            if (!_leadership.IsHere) return (ErrorCode.NotLeaderOrFollower, -1);
            if (_config.IsCompacted && !_config.IsDeleted) return (ErrorCode.PolicyViolation, -1);
            if (offset < HighWatermarkOffset || offset > _highWatermark) return (ErrorCode.OffsetOutOfRange, -1);
            try
            {
                _ = _log.AdvanceLogStart(offset == HighWatermarkOffset ? _highWatermark : offset);
                return (ErrorCode.None, _log.LogStartOffset);
            }
            catch (KafkaStorageException)
            {
                return (ErrorCode.KafkaStorageError, -1);
            }
        }
    }

    /// <summary>The producers that have written here lately. As in Kafka any replica tells, not the leader alone.</summary>
    public (ErrorCode Error, IReadOnlyList<ProducerDescription> Producers) DescribeProducers()
    {
        lock (_lock)
        {
            return _leadership.IsClosed ? (ErrorCode.NotLeaderOrFollower, []) : (ErrorCode.None, _log.Producers.Describe());
        }
    }

    /// <summary>Stops serving; whoever waits is told. The log itself is closed or deleted by the table.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_leadership.IsClosed) return;
            _leadership = _leadership with { IsHere = false, IsClosed = true };
            _ackWaits.Release(ErrorCode.NotLeaderOrFollower);
            FetchWaits.Lead(_leadership);
        }
    }

    internal void AddAckWait(AckWait.Place place)
    {
        lock (_lock)
        {
            if (_leadership.IsHere) _ackWaits.Add(place, _highWatermark);
            else place.Settle(ErrorCode.NotLeaderOrFollower);
        }
    }

    internal void RemoveAckWait(AckWait.Place place)
    {
        lock (_lock) _ackWaits.Remove(place);
    }

    /// <summary>Asks for a sync where <c>flush.ms</c> is over since the last one.</summary>
    public void SyncIfDue()
    {
        lock (_lock)
        {
            if (_leadership.IsClosed || !_flushes.IsDue(_time.TickMs(), _config.FlushMs)) return;
        }
        _syncer.Request(this);
    }

    /// <summary>The log's tail became durable. With <c>flush.messages=1</c> that is what an acknowledgement waits for.</summary>
    internal void OnSynced()
    {
        lock (_lock)
        {
            if (_leadership.IsClosed) return;
            _flushes.Synced(_time.TickMs());
            AdvanceHighWatermark();
        }
    }

    /// <summary>
    /// Moves the high watermark to what every in-sync replica has. Alone, that is this log's end, or with
    /// <c>flush.messages=1</c> its durable end.
    /// </summary>
    private void AdvanceHighWatermark()
    {
        var target = _config.FlushMessages == 1 ? Math.Min(_log.RecoveryPoint, _log.LogEndOffset) : _log.LogEndOffset;
        if (target <= _highWatermark) return;
        _highWatermark = target;
        _log.Producers.OnHighWatermark(target);
        FetchWaits.Advance(target, _log.Producers.FirstUnstableOffset, _log.LogStartOffset);
        _ackWaits.Advance(target);
    }

    /// <summary>A partition is not asked for more replicas in sync than it has.</summary>
    private bool IsUnderMinIsr => _inSyncReplicas < Math.Min(_config.MinInSyncReplicas, _replicas);

    private PartitionAppend? RefusalToProduce(short acks)
    {
        if (!_leadership.IsHere) return NotLeader();
        return acks == -1 && IsUnderMinIsr ? PartitionAppend.Failed(ErrorCode.NotEnoughReplicas) : null;
    }

    /// <summary>Where Kafka refuses what the log's state or the records are at fault for, it tells where the log starts: a producer learns from it what was deleted.</summary>
    private PartitionAppend Refused(ErrorCode error, string? message = null, bool isOfRequest = false)
    {
        var tellsStart = !isOfRequest && error is not (ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.CorruptMessage);
        return PartitionAppend.Failed(error, message) with { LogStartOffset = tellsStart ? _log.LogStartOffset : -1 };
    }

    /// <summary>Null where the log has to be asked first whether the batch is in it.</summary>
    private PartitionAppend? AppendUnderLock(ProduceVerdict verdict, bool knowsOlderBatches)
    {
        // Times that the broker gives follow the order of the records, also where a batch was checked before another that is written already: then it gets the
        // time of its own turn. Where the clock was set back meanwhile, that is the time it is now, and what was given before it does not count any more.
        if (verdict.LogAppendTimeMs != RecordBatchHeader.NoTimestamp && verdict.LogAppendTimeMs < _lastAppendTimeMs) verdict = verdict.AtLogAppendTime(_time.WallMs());
        var producer = _log.Producers.Check(verdict.Header, AppendOrigin.Client);
        if (producer.Fault == ProducerFault.OutOfOrderSequenceNumber && !knowsOlderBatches) return null;
        if (producer.Fault != ProducerFault.None) return Refused((ErrorCode)producer.Fault);
        if (producer.Duplicate is { } earlier)
        {
            return new PartitionAppend
            {
                BaseOffset = earlier.FirstOffset,
                LogAppendTimeMs = earlier.Timestamp,
                LogStartOffset = _log.LogStartOffset,
                RequiredOffset = earlier.LastOffset + 1,
                IsReplicated = earlier.LastOffset < _highWatermark,
            };
        }
        _ = verdict.Assign(_log.LogEndOffset, _leadership.LeaderEpoch);
        var appended = Write(verdict.Batch);
        if (verdict.LogAppendTimeMs != RecordBatchHeader.NoTimestamp) _lastAppendTimeMs = verdict.LogAppendTimeMs;
        return new PartitionAppend
        {
            BaseOffset = appended.FirstOffset,
            LogAppendTimeMs = verdict.LogAppendTimeMs,
            LogStartOffset = _log.LogStartOffset,
            RequiredOffset = appended.LastOffset + 1,
            IsReplicated = appended.LastOffset < _highWatermark,
        };
    }

    /// <summary>Writes batches whose offsets are final and tells those who wait for them.</summary>
    private LogAppend Write(in ReadOnlySequence<byte> batches)
    {
        var appended = _log.Append(batches);
        var records = appended.LastOffset - appended.FirstOffset + 1;
        _bytesIn += batches.Length;
        _recordsIn += records;
        if (_flushes.IsDueAfter(records, _config.FlushMessages)) _syncer.Request(this);
        FetchWaits.Written(batches.Length);
        AdvanceHighWatermark();
        return appended;
    }

    private PartitionAppend NotLeader() => PartitionAppend.Failed(ErrorCode.NotLeaderOrFollower) with { LeaderId = _leadership.LeaderId, LeaderEpoch = _leadership.LeaderEpoch };
}
