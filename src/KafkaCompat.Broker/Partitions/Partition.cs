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
/// follow the order of the bytes in the file.
/// </summary>
/// <remarks>
/// Invariants: <c>LogStartOffset ≤ LastStableOffset ≤ HighWatermark ≤ LogEndOffset</c>; the high watermark never goes
/// back while this replica leads; <see cref="_visibleBytes"/> only grows. On a single node every append is replicated
/// at once; <see cref="AdvanceHighWatermark"/> is the one place that followers' progress will come through.
/// </remarks>
public sealed class Partition
{
    /// <summary>In DeleteRecords: everything that consumers can see.</summary>
    private const long HighWatermarkOffset = -1;

    /// <summary>Batches up to this size are checked at once, whatever their codec: to have another thread do it would cost more than most of them do.</summary>
    internal const int MaxInlineBatchBytes = 1024;

    /// <summary>A client that knows no leader epoch.</summary>
    private const int NoEpoch = -1;

    private readonly Lock _lock = new();
    private readonly PartitionLog _log;
    private readonly LogSyncer _syncer;
    private readonly TimeProvider _time;
    private TopicConfig _config;
    private ProduceSettings _produceSettings;
    private FetchWait.Node? _fetchWaits;
    private List<AckWait.Place>? _ackWaits;
    private long _highWatermark;

    /// <summary>The log's end when this replica became the leader.</summary>
    private long _leaderStart;

    private long _visibleBytes;
    private long _stableBytes;
    private long _hiddenBytes;

    /// <summary>Of the visible bytes those that wait for a transaction's end, as far as committed readers have not been told of them.</summary>
    private long _undecidedBytes;

    private long _lastAppendTimeMs = long.MinValue;
    private int _replicas;
    private int _inSyncReplicas;
    private int _leaderId = -1;
    private int _leaderEpoch = -1;
    private bool _isLeader;
    private bool _isClosed;
    private long _bytesIn;
    private long _recordsIn;
    private long _bytesOut;
    private long _unsyncedMessages;
    private long _syncedMs;

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
        _syncedMs = _time.TickMs();
        // A checkpoint may be older than the log or, after a lost tail, newer.
        _highWatermark = Math.Clamp(highWatermark, log.LogStartOffset, log.LogEndOffset);
        // Recovery has read markers that were replicated long ago; else they would hold committed readers back until the next append.
        log.Producers.OnHighWatermark(_highWatermark);
    }

    public string Topic { get; }

    public Uuid TopicId { get; }

    public int Index { get; }

    /// <summary>For the loops that keep logs in order: retention, syncing, checkpoints. Reads and appends go through the partition.</summary>
    public PartitionLog Log => _log;

    public long HighWatermark
    {
        get { lock (_lock) return _highWatermark; }
    }

    public TopicConfig Config
    {
        get { lock (_lock) return _config; }
    }

    /// <summary>How it stands and what went through it, at one moment.</summary>
    public PartitionStanding Standing
    {
        get
        {
            lock (_lock) return new PartitionStanding(_isLeader, _inSyncReplicas, _config.MinInSyncReplicas, _bytesIn, _recordsIn, Volatile.Read(ref _bytesOut));
        }
    }

    /// <summary>Records were read for a client.</summary>
    internal void CountRead(int bytes) => Interlocked.Add(ref _bytesOut, bytes);

    /// <summary>Takes over what the metadata image says of the partition.</summary>
    public void ApplyLeadership(int leaderId, int leaderEpoch, int replicas, int inSyncReplicas, bool isLeader)
    {
        lock (_lock)
        {
            if (_isClosed) return;
            var changed = leaderEpoch != _leaderEpoch || isLeader != _isLeader;
            _leaderId = leaderId;
            _leaderEpoch = leaderEpoch;
            _replicas = replicas;
            _inSyncReplicas = inSyncReplicas;
            _isLeader = isLeader;
            if (!changed) return;
            if (isLeader)
            {
                _leaderStart = _log.LogEndOffset;
                try
                {
                    _log.Epochs.Assign(leaderEpoch, _log.LogEndOffset);
                }
                finally
                {
                    if (_config.FlushMessages == 1) _syncer.Request(this);
                    AdvanceHighWatermark();
                    ReleaseFetchWaits();
                }
            }
            else
            {
                ReleaseAckWaits(ErrorCode.NotLeaderOrFollower);
                ReleaseFetchWaits();
            }
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
            if (_isClosed || !_isLeader || leaderEpoch != _leaderEpoch) return NotLeader();
            if (IsUnderMinIsr) return PartitionAppend.Failed(ErrorCode.NotEnoughReplicas);
            if (!RecordBatchHeader.TryRead(batch, out var header) || header.SizeInBytes > _config.MaxMessageBytes)
                return PartitionAppend.Failed(ErrorCode.MessageTooLarge);
            try
            {
                RecordBatchPatch.SetBaseOffset(batch, _log.LogEndOffset);
                RecordBatchPatch.SetPartitionLeaderEpoch(batch, _leaderEpoch);
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
    /// go of them. The log is read outside the lock: what is below the bounds does not change.
    /// </summary>
    public PartitionRead Read(long offset, int maxBytes, bool minOneBatch, bool committedOnly, int currentLeaderEpoch, int lastFetchedEpoch)
    {
        long highWatermark;
        long visibleBytes;
        long stable;
        int leaderId;
        int leaderEpoch;
        lock (_lock)
        {
            // Other negative numbers mean none to a fetch, and nothing else.
            var error = CheckLeader(Math.Max(NoEpoch, currentLeaderEpoch));
            if (error != ErrorCode.None) return Fail(error);
            (leaderId, leaderEpoch, highWatermark, visibleBytes) = (_leaderId, _leaderEpoch, _highWatermark, committedOnly ? _stableBytes : _visibleBytes);
            stable = LastStableOffset();
        }
        try
        {
            var state = new PartitionRead
            {
                Partition = this,
                HighWatermark = highWatermark,
                LastStableOffset = stable,
                LogStartOffset = _log.LogStartOffset,
                DivergingEpoch = -1,
                LeaderId = leaderId,
                LeaderEpoch = leaderEpoch,
                SeenVisibleBytes = visibleBytes,
            };
            if (lastFetchedEpoch >= 0)
            {
                var known = _log.Epochs.EndOffsetFor(lastFetchedEpoch, _log.LogEndOffset);
                if (known.Epoch < 0) return Fail(ErrorCode.OffsetOutOfRange);
                if (known.Epoch < lastFetchedEpoch || known.StartOffset < offset)
                    return state with { DivergingEpoch = known.Epoch, DivergingEndOffset = known.StartOffset };
            }
            var read = _log.Read(offset, Math.Max(0, maxBytes), committedOnly ? stable : highWatermark, minOneBatch || maxBytes < 0);
            if (maxBytes < 0 && read.Region is { } unwanted)
            {
                unwanted.Dispose();
                return Fail(ErrorCode.UnknownServerError);
            }
            if (read.IsOutOfRange) return Fail(ErrorCode.OffsetOutOfRange);
            if (read.Region is null) return committedOnly ? state with { AbortedTransactions = [] } : state;
            return state with
            {
                Region = read.Region,
                AbortedTransactions = committedOnly ? Aborted(offset, read) : null,
            };
        }
        catch (DamagedBatchException)
        {
            return Fail(ErrorCode.CorruptMessage);
        }
        catch (KafkaStorageException)
        {
            return Fail(ErrorCode.KafkaStorageError);
        }
        catch (ObjectDisposedException)
        {
            // Deleted meanwhile: that is nothing that the offset could be blamed for.
            return Fail(ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <summary>The answer to a replica: none follows this partition.</summary>
    public PartitionRead RefuseReplica()
    {
        lock (_lock) return Fail(ErrorCode.NotLeaderOrFollower) with { IsToReplica = true };
    }

    /// <summary>
    /// Where the log ends, committed or not, for the coordinator that leads in <paramref name="leaderEpoch"/>; an error where nobody does.
    /// </summary>
    public (ErrorCode Error, long EndOffset, bool IsCommitted) EndAsLeader(int leaderEpoch)
    {
        lock (_lock)
        {
            if (_isClosed || !_isLeader || leaderEpoch != _leaderEpoch) return (ErrorCode.NotLeaderOrFollower, -1, false);
            var end = _log.LogEndOffset;
            return (ErrorCode.None, end, end <= _highWatermark);
        }
    }

    /// <summary>
    /// Copies batches from <paramref name="offset"/> on, before <paramref name="endOffset"/>, for the coordinator that leads in
    /// <paramref name="leaderEpoch"/>. Unlike a consumer it is not held to the high watermark: the leader's log is the truth, and after a kill
    /// the watermark is no newer than its last checkpoint. Cut at <paramref name="maxBytes"/>, but the first batch is whole.
    /// </summary>
    public (ErrorCode Error, byte[] Batches) ReadAsLeader(long offset, long endOffset, int maxBytes, int leaderEpoch)
    {
        lock (_lock)
        {
            if (_isClosed || !_isLeader || leaderEpoch != _leaderEpoch) return (ErrorCode.NotLeaderOrFollower, []);
        }
        try
        {
            var read = _log.Read(offset, maxBytes, endOffset, minOneBatch: true);
            if (read.IsOutOfRange) return (ErrorCode.OffsetOutOfRange, []);
            using var region = read.Region;
            return (ErrorCode.None, region?.ToArray() ?? []);
        }
        catch (DamagedBatchException)
        {
            return (ErrorCode.CorruptMessage, []);
        }
        catch (KafkaStorageException)
        {
            return (ErrorCode.KafkaStorageError, []);
        }
        catch (ObjectDisposedException)
        {
            return (ErrorCode.NotLeaderOrFollower, []);
        }
        catch (IOException failure)
        {
            _log.Health.Fail(failure);
            return (ErrorCode.KafkaStorageError, []);
        }
    }

    /// <summary>
    /// The offset for a timestamp or one of the named places; consumers see up to the high watermark or the last stable offset. While the high watermark is behind
    /// what was here when this replica became the leader, as after a kill with <c>flush.messages=1</c> until the first sync, where consumers' records end is not
    /// known: who reads up to there must not be told that there are fewer than it was told before.
    /// </summary>
    public FoundOffset FindOffset(long timestamp, bool committedOnly, int currentLeaderEpoch)
    {
        long bound;
        bool isBehind;
        lock (_lock)
        {
            var error = CheckLeader(currentLeaderEpoch);
            if (error != ErrorCode.None) return FoundOffset.Failed(error);
            isBehind = _highWatermark < _leaderStart;
            bound = committedOnly ? LastStableOffset() : _highWatermark;
        }
        try
        {
            switch (timestamp)
            {
                case AskedTimestamps.Latest:
                    return isBehind ? FoundOffset.Failed(ErrorCode.OffsetNotAvailable) : new FoundOffset(ErrorCode.None, bound, -1, _log.Epochs.LatestEpoch);
                case AskedTimestamps.Earliest or AskedTimestamps.EarliestLocal:
                    var start = _log.LogStartOffset;
                    return new FoundOffset(ErrorCode.None, start, -1, _log.Epochs.EpochFor(start));
                case AskedTimestamps.LatestTiered or AskedTimestamps.EarliestPendingUpload:
                    return FoundOffset.Nothing;
            }
            var found = timestamp == AskedTimestamps.Max ? _log.FindMaxTimestamp() : _log.FindByTimestamp(timestamp);
            return found is { } record && record.Offset < bound
                ? new FoundOffset(ErrorCode.None, record.Offset, record.Timestamp, record.LeaderEpoch)
                : isBehind ? FoundOffset.Failed(ErrorCode.OffsetNotAvailable) : FoundOffset.Nothing;
        }
        catch (KafkaStorageException)
        {
            return FoundOffset.Failed(ErrorCode.KafkaStorageError);
        }
        catch (DamagedBatchException)
        {
            return FoundOffset.Failed(ErrorCode.CorruptMessage);
        }
        catch (DamagedRecordsException e)
        {
            var isCodecs = e.Fault is RecordFault.Undecodable or RecordFault.UnknownCodec or RecordFault.DecompressedTooLarge;
            return FoundOffset.Failed(isCodecs ? ErrorCode.UnknownServerError : ErrorCode.InvalidRecord);
        }
        catch (ObjectDisposedException)
        {
            return FoundOffset.Failed(ErrorCode.NotLeaderOrFollower);
        }
    }

    /// <summary>Where a leader epoch ended: the largest epoch here that is not above it, and the offset after that epoch's last record.</summary>
    public (ErrorCode Error, int Epoch, long EndOffset) EndOfEpoch(int currentLeaderEpoch, int epoch)
    {
        lock (_lock)
        {
            var error = CheckLeader(currentLeaderEpoch);
            if (error != ErrorCode.None) return (error, -1, -1);
            var found = _log.Epochs.EndOffsetFor(epoch, _log.LogEndOffset);
            return (ErrorCode.None, found.Epoch, found.StartOffset);
        }
    }

    /// <summary>
    /// Forgets the records before an offset (-1: before the high watermark). Returns where the log starts now, which is the low watermark of a partition
    /// whose only replica is here; -1 with an error. Segments that lie before it go with the next run of retention.
    /// </summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecordsBefore(long offset)
    {
        lock (_lock)
        {
            if (_isClosed || !_isLeader) return (ErrorCode.NotLeaderOrFollower, -1);
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
            return _isClosed ? (ErrorCode.NotLeaderOrFollower, []) : (ErrorCode.None, _log.Producers.Describe());
        }
    }

    /// <summary>Stops serving; whoever waits is told. The log itself is closed or deleted by the table.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _isLeader = false;
            ReleaseAckWaits(ErrorCode.NotLeaderOrFollower);
            ReleaseFetchWaits();
        }
    }

    /// <summary>Answers fetches that wait with what there is.</summary>
    public void ReleaseFetches()
    {
        lock (_lock) ReleaseFetchWaits();
    }

    internal void AddFetchWait(FetchWait.Node node, long seenVisibleBytes)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                node.Wait.Changed();
                return;
            }
            node.Next = _fetchWaits;
            if (_fetchWaits is not null) _fetchWaits.Previous = node;
            _fetchWaits = node;
            node.IsLinked = true;
            // What was appended between the read and now counts as if it came now.
            var visible = node.Wait.CommittedOnly ? _stableBytes : _visibleBytes;
            if (visible > seenVisibleBytes) node.Wait.Grew(visible - seenVisibleBytes);
        }
    }

    internal void RemoveFetchWait(FetchWait.Node node)
    {
        lock (_lock)
        {
            if (!node.IsLinked) return;
            if (node.Previous is null) _fetchWaits = node.Next;
            else node.Previous.Next = node.Next;
            if (node.Next is not null) node.Next.Previous = node.Previous;
            node.IsLinked = false;
        }
    }

    internal void AddAckWait(AckWait.Place place)
    {
        lock (_lock)
        {
            if (_isClosed || !_isLeader) place.Settle(ErrorCode.NotLeaderOrFollower);
            else if (_highWatermark >= place.RequiredOffset) place.Settle(ErrorCode.None);
            else (_ackWaits ??= []).Add(place);
        }
    }

    internal void RemoveAckWait(AckWait.Place place)
    {
        lock (_lock) _ = _ackWaits?.Remove(place);
    }

    /// <summary>Asks for a sync where <c>flush.ms</c> is over since the last one.</summary>
    public void SyncIfDue()
    {
        lock (_lock)
        {
            if (_isClosed || _unsyncedMessages == 0 || _time.TickMs() - _syncedMs < _config.FlushMs) return;
            _unsyncedMessages = 0;
        }
        _syncer.Request(this);
    }

    /// <summary>The log's tail became durable. With <c>flush.messages=1</c> that is what an acknowledgement waits for.</summary>
    internal void OnSynced()
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _syncedMs = _time.TickMs();
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
        var stable = LastStableOffset();
        _highWatermark = target;
        _log.Producers.OnHighWatermark(target);
        // Bytes written count once they can be read; a watermark that lags behind the end hands on what has gathered.
        TellFetchWaits(_hiddenBytes, LastStableOffset() > stable);
        _hiddenBytes = 0;
        if (_ackWaits is not { Count: > 0 }) return;
        for (var i = _ackWaits.Count - 1; i >= 0; i--)
        {
            if (_ackWaits[i].RequiredOffset > _highWatermark) continue;
            _ackWaits[i].Settle(ErrorCode.None);
            _ackWaits.RemoveAt(i);
        }
    }

    /// <summary>A partition is not asked for more replicas in sync than it has.</summary>
    private bool IsUnderMinIsr => _inSyncReplicas < Math.Min(_config.MinInSyncReplicas, _replicas);

    private PartitionAppend? RefusalToProduce(short acks)
    {
        if (_isClosed || !_isLeader) return NotLeader();
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
        _ = verdict.Assign(_log.LogEndOffset, _leaderEpoch);
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
        _unsyncedMessages += records;
        if (_unsyncedMessages >= _config.FlushMessages)
        {
            _unsyncedMessages = 0;
            _syncer.Request(this);
        }
        _hiddenBytes += batches.Length;
        AdvanceHighWatermark();
        return appended;
    }

    private long LastStableOffset()
    {
        // A transaction that began before the log's start holds back what is left of it alone.
        var firstUnstable = Math.Max(_log.Producers.FirstUnstableOffset, _log.LogStartOffset);
        return Math.Min(firstUnstable, _highWatermark);
    }

    private void TellFetchWaits(long bytes, bool stableMoved)
    {
        _visibleBytes += bytes;
        _undecidedBytes += bytes;
        var stableBytes = stableMoved ? _undecidedBytes : 0;
        _stableBytes += stableBytes;
        // Where another transaction is open still, some of them lie behind its start and count again: a fetch looks too early rather than too late.
        if (stableMoved && LastStableOffset() == _highWatermark) _undecidedBytes = 0;
        for (var node = _fetchWaits; node is not null; node = node.Next)
        {
            var grown = node.Wait.CommittedOnly ? stableBytes : bytes;
            if (grown > 0) node.Wait.Grew(grown);
        }
    }

    private void ReleaseFetchWaits()
    {
        for (var node = _fetchWaits; node is not null; node = node.Next) node.Wait.Changed();
    }

    private void ReleaseAckWaits(ErrorCode outcome)
    {
        if (_ackWaits is null) return;
        foreach (var place in _ackWaits) place.Settle(outcome);
        _ackWaits.Clear();
    }

    private List<AbortedTransaction> Aborted(long offset, in LogRead read)
    {
        var aborted = new List<AbortedTransaction>();
        try
        {
            _log.CollectAbortedTransactions(offset, read, aborted);
            return aborted;
        }
        catch
        {
            // Nobody else would let go of the file.
            read.Region?.Dispose();
            throw;
        }
    }

    private ErrorCode CheckLeader(int currentLeaderEpoch)
    {
        if (_isClosed) return ErrorCode.NotLeaderOrFollower;
        if (currentLeaderEpoch != NoEpoch && currentLeaderEpoch < _leaderEpoch) return ErrorCode.FencedLeaderEpoch;
        if (currentLeaderEpoch != NoEpoch && currentLeaderEpoch > _leaderEpoch) return ErrorCode.UnknownLeaderEpoch;
        return _isLeader ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }

    private PartitionAppend NotLeader() => PartitionAppend.Failed(ErrorCode.NotLeaderOrFollower) with { LeaderId = _leaderId, LeaderEpoch = _leaderEpoch };

    private PartitionRead Fail(ErrorCode error) => PartitionRead.Failed(error) with { LeaderId = _leaderId, LeaderEpoch = _leaderEpoch };
}
