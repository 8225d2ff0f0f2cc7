using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage;

/// <summary>
/// The log of one partition: a folder of segments, appended to at the end, read anywhere, shortened at the start.
/// </summary>
/// <remarks>
/// Writers exclude one another by a lock of the log's own; the partition above it holds its lock over check and append, in this order:
/// <c>Producers.Check</c>, patch offsets and epoch, <see cref="Append"/>. Readers take no lock. They see a published end (offset, segment, position), which
/// an append replaces after its bytes are written, so that no reader sees half a batch or one that is not there yet.
/// <see cref="Sync()"/> may run on another thread beside appends; it makes durable what was there when it began.
/// An I/O failure fails the whole directory (<see cref="DirectoryHealth"/>) and is thrown as <see cref="KafkaStorageException"/>.
/// </remarks>
public sealed class PartitionLog : IDisposable
{
    private readonly LogEnvironment _environment;
    private readonly Lock _gate;

    /// <summary>Held over a sync and over whatever closes or renames files; always taken before <see cref="_gate"/>.</summary>
    private readonly Lock _filesGate = new();

    /// <summary>A read starts over when the segments change under it; more often than this in one read they do not.</summary>
    private const int MaxReadAttempts = 4;

    private readonly Queue<(LogSegment Segment, long DueMs)> _deleted = new();
    private readonly List<string> _unsyncedSnapshots = [];
    private LogSegment[] _segments;
    private LogEnd _end;
    private LogSettings _settings;
    private long _logStartOffset;
    private long _recoveryPoint;
    private int _latestEpoch;
    private bool _closed;

    internal PartitionLog(LogEnvironment environment, TopicPartition partition, LogSettings settings, LoadedLog loaded)
    {
        _environment = environment;
        _gate = loaded.Gate;
        Partition = partition;
        Folder = loaded.Folder;
        Epochs = loaded.Epochs;
        Producers = loaded.Producers;
        _settings = settings;
        _segments = [.. loaded.Segments];
        _logStartOffset = loaded.LogStartOffset;
        _recoveryPoint = loaded.RecoveryPoint;
        _latestEpoch = Epochs.LatestEpoch;
        LogSegment active = _segments[^1];
        _end = new LogEnd(loaded.LogEndOffset, active, active.Size);
    }

    public TopicPartition Partition { get; }

    /// <summary>What <c>partition.metadata</c> says; null where the file is absent.</summary>
    public Uuid? TopicId { get; internal set; }

    public string Folder { get; private set; }

    /// <summary>New, and a crash of the machine may take its folder, or what says whose it is. A sync changes that first.</summary>
    internal bool IsUnsettled { get; set; }

    public LeaderEpochCache Epochs { get; }

    public ProducerStates Producers { get; }

    public DirectoryHealth Health => _environment.Health;

    /// <summary>Where to wait for this log's disk.</summary>
    public IDiskThreads DiskThreads => _environment.DiskThreads;

    /// <summary>The configs; a change counts from the next append or retention run on.</summary>
    public LogSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set => Volatile.Write(ref _settings, value);
    }

    public long LogStartOffset => Volatile.Read(ref _logStartOffset);

    public long LogEndOffset => Volatile.Read(ref _end).Offset;

    /// <summary>Everything before it is on the disk.</summary>
    public long RecoveryPoint => Volatile.Read(ref _recoveryPoint);

    /// <summary>Where the active segment starts. A recovery point before it means that rolled segments wait for a sync.</summary>
    public long ActiveSegmentBaseOffset => Volatile.Read(ref _end).Segment.BaseOffset;

    public long FirstSegmentBaseOffset => Volatile.Read(ref _segments) is [LogSegment first, ..] ? first.BaseOffset : LogStartOffset;

    public int SegmentCount => Volatile.Read(ref _segments).Length;

    public long SizeInBytes
    {
        get
        {
            long size = 0;
            foreach (LogSegment segment in Volatile.Read(ref _segments))
                size += segment.Size;
            return size;
        }
    }

    /// <summary>Opens the log in a folder, or makes a new one where there is none.</summary>
    public static PartitionLog Open(LogEnvironment environment, string folder, TopicPartition partition, LogSettings settings, LogOpening opening)
    {
        try
        {
            return new PartitionLog(environment, partition, settings, new LogLoader(environment, folder, settings, opening).Load());
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw environment.Health.RefusedBy(failure);
        }
    }

    /// <summary>
    /// Appends whole batches whose offsets are final: the first starts at the log's end or behind it, each next one behind the one before.
    /// The bytes go to the file in one write and are not kept.
    /// </summary>
    public LogAppend Append(in ReadOnlySequence<byte> batches)
    {
        lock (_gate)
        {
            RequireOpen();
            LogAppend append = LogAppend.Measure(batches, _end.Offset);
            long nowMs = _environment.NowMs();
            try
            {
                if (_end.Segment.ShouldRoll(_settings, nowMs, (int)batches.Length, append.MaxTimestamp, append.LastOffset))
                    RollAt(Math.Max(append.FirstOffset, _end.Offset));
                // Opened before a byte is written: a process that has too many files open refuses the append, and the log is as it was.
                _ = _end.Segment.File;
            }
            catch (IOException failure)
            {
                throw _environment.Health.RefusedBy(failure);
            }
            Write(batches);
            return append;
        }
    }

    /// <summary>
    /// The batches from the one that holds an offset on: at most so many bytes (cut where they end, within a batch perhaps), none from
    /// <paramref name="maxOffsetExclusive"/> on, all from one segment. With <paramref name="minOneBatch"/> the first batch comes whole whatever its size.
    /// Throws <see cref="ObjectDisposedException"/> where the log was closed meanwhile, because it was deleted most of all.
    /// </summary>
    public LogRead Read(long fromOffset, int maxBytes, long maxOffsetExclusive, bool minOneBatch)
    {
        for (int attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            LogSegment[] segments = Volatile.Read(ref _segments);
            LogEnd end = Volatile.Read(ref _end);
            if (fromOffset < LogStartOffset || fromOffset > end.Offset)
                break;
            long limit = Math.Min(maxOffsetExclusive, end.Offset);
            if (fromOffset >= limit)
                return new LogRead(null, false, fromOffset, false);
            try
            {
                return SegmentReader.Read(segments, end, fromOffset, maxBytes, limit, minOneBatch);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                if (!HasMoved(segments, failure))
                    throw _environment.Health.RefusedBy(failure);
                ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), this);
            }
        }
        return new LogRead(null, true, fromOffset, false);
    }

    /// <summary>The aborted transactions that a committed reader of what <paramref name="read"/> holds must know, in the order of their markers.</summary>
    public void CollectAbortedTransactions(long fromOffset, in LogRead read, List<AbortedTransaction> into)
    {
        LogSegment[] segments = Volatile.Read(ref _segments);
        for (int i = Math.Max(0, SegmentReader.Floor(segments, fromOffset)); i < segments.Length; i++)
        {
            if (segments[i].TransactionIndex.Collect(fromOffset, read.NextOffsetBound, into))
                return;
        }
    }

    /// <summary>The first record at or behind the log's start whose timestamp is not before the one given.</summary>
    public FoundOffset? FindByTimestamp(long timestampMs) => Search(timestampMs, static (search, timestampMs) => search.First(timestampMs));

    /// <summary>The first record of the largest timestamp.</summary>
    public FoundOffset? FindMaxTimestamp() => Search(0, static (search, _) => search.Largest());

    /// <summary>Makes durable what the log holds now; the recovery point follows. A failure fails the directory for good.</summary>
    public void Sync() => Sync(long.MaxValue);

    /// <summary>As <see cref="Sync()"/>, for segments that start before an offset alone: <see cref="ActiveSegmentBaseOffset"/> syncs what has been rolled.</summary>
    public void Sync(long beforeOffset)
    {
        lock (_filesGate)
        {
            _environment.Health.Require();
            try
            {
                long started = _environment.Clock.GetTimestamp();
                if (IsUnsettled)
                    SettleFolder(isNameDurable: false);
                SyncSegments(beforeOffset);
                _environment.Flushes.Record(_environment.Clock.GetElapsedTime(started));
            }
            catch (IOException failure)
            {
                throw _environment.Health.RefusedBy(failure);
            }
        }
    }

    /// <summary>Makes a new log's folder durable, and what says whose it is; with <paramref name="isNameDurable"/> the folder's own name is already.</summary>
    internal void Settle(bool isNameDurable)
    {
        lock (_filesGate)
        {
            // A log that was deleted meanwhile has its folder under another name, and needs nothing any more.
            if (!IsUnsettled || Volatile.Read(ref _closed))
                return;
            Retryable(() => SettleFolder(isNameDurable));
        }
    }

    /// <summary>Closes the active segment and starts a new one at the log's end, unless the active one is empty.</summary>
    public void Roll()
    {
        lock (_gate)
        {
            RequireOpen();
            Retryable(() => RollAt(_end.Offset));
        }
    }

    /// <summary>
    /// Moves the log's start forward, as DeleteRecords does. Reading before it is out of range from now on; segments that lie before it go with the next run of
    /// <see cref="ApplyRetention"/>. False where the start is there or behind already.
    /// </summary>
    public bool AdvanceLogStart(long offset)
    {
        // No file is touched, so that nobody waits for a sync that is under way.
        lock (_gate)
        {
            RequireOpen();
            if (offset <= _logStartOffset)
                return false;
            if (offset > _end.Offset)
                throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The log ends at {_end.Offset}.");
            MoveLogStart(offset);
            return true;
        }
    }

    /// <summary>
    /// Deletes old segments by time, size and log start, as far as the high watermark allows; returns how many. Their files get the suffix
    /// <c>.deleted</c> and go when the delay is over, in <see cref="DeleteDue"/>. Where all of them are old the active one is rolled, the one roll
    /// that needs no append: <c>segment.ms</c> alone is looked at with the next append, as in Kafka.
    /// </summary>
    public int ApplyRetention(long nowMs, long highWatermark)
    {
        lock (_filesGate)
        {
            LogSegment[] gone = [];
            lock (_gate)
            {
                RequireOpen();
                Retryable(() => gone = Retain(nowMs, highWatermark));
            }
            if (gone.Length == 0)
                return 0;
            // No reader finds these segments any more and no writer needs them: appends go on while their files are renamed.
            Retryable(() =>
            {
                Epochs.TruncateFromStart(LogStartOffset);
                Delete(gone);
            });
            return gone.Length;
        }
    }

    /// <summary>Removes the files of deleted segments whose delay is over.</summary>
    public void DeleteDue(long nowMs)
    {
        lock (_filesGate)
        {
            while (_deleted.TryPeek(out (LogSegment Segment, long DueMs) next) && next.DueMs <= nowMs)
            {
                Retryable(() => LogLoader.DeleteFiles(_environment.Files, next.Segment, SegmentFiles.Deleted));
                _ = _deleted.Dequeue();
            }
        }
    }

    /// <summary>Cuts the log so that it ends at an offset: everything from there on is forgotten, by segments, indexes, epochs and producers alike.</summary>
    public void TruncateTo(long offset)
    {
        lock (_filesGate)
        {
            lock (_gate)
            {
                RequireOpen();
                if (offset >= _end.Offset)
                    return;
                if (offset <= _segments[0].BaseOffset)
                {
                    Guarded(() => StartOver(offset));
                    return;
                }
                Guarded(() => Cut(offset));
            }
        }
    }

    /// <summary>Forgets everything: the log is empty and starts and ends at an offset.</summary>
    public void TruncateFullyAt(long offset)
    {
        lock (_filesGate)
        {
            lock (_gate)
            {
                RequireOpen();
                Guarded(() => StartOver(offset));
            }
        }
    }

    /// <summary>
    /// Closes as a clean shutdown does: indexes are complete and have their true length, a producer snapshot stands at the end, all of it is synced.
    /// </summary>
    public void Close()
    {
        lock (_filesGate)
        {
            lock (_gate)
            {
                if (_closed)
                    return;
                if (!_environment.Health.IsFailed)
                {
                    Guarded(() =>
                    {
                        Epochs.Close(_end.Offset);
                        _end.Segment.Seal();
                        Producers.SetEndOffset(_end.Offset);
                        Producers.TakeSnapshot(sync: true);
                    });
                }
            }
            if (!_environment.Health.IsFailed)
                Sync();
            CloseFiles();
        }
    }

    /// <summary>Lets go of the files without anything that a clean shutdown does.</summary>
    public void Dispose()
    {
        lock (_filesGate)
            CloseFiles();
    }

    /// <summary>The folder has been renamed; open files stay valid.</summary>
    internal void Moved(string folder)
    {
        lock (_filesGate)
        {
            lock (_gate)
            {
                Folder = folder;
                Epochs.Moved(folder);
                Producers.Moved(folder);
                foreach (LogSegment segment in _segments)
                    segment.Moved(folder);
                _unsyncedSnapshots.Clear();
            }
        }
    }

    private FoundOffset? Search(long timestampMs, Func<TimestampSearch, long, FoundOffset?> find)
    {
        for (int attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            LogSegment[] segments = Volatile.Read(ref _segments);
            try
            {
                return find(new TimestampSearch(segments, LogStartOffset), timestampMs);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                if (!HasMoved(segments, failure))
                    throw _environment.Health.RefusedBy(failure);
                ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), this);
            }
            catch (DamagedRecordsException damaged) when (HasMoved(segments, damaged))
            {
                // A batch that was cut off while it was read.
            }
        }
        return null;
    }

    /// <summary>Whether a read failed because a segment was deleted or the log closed under it, which is no fault of the disk.</summary>
    private bool HasMoved(LogSegment[] segments, Exception failure) =>
        failure is ObjectDisposedException || Volatile.Read(ref _closed) || !ReferenceEquals(segments, Volatile.Read(ref _segments));

    private void RequireOpen()
    {
        _environment.Health.Require();
        ObjectDisposedException.ThrowIf(_closed, this);
    }

    private void Guarded(Action change)
    {
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw _environment.Health.FailedBy(failure);
        }
    }

    /// <summary>As <see cref="Guarded"/>, for what leaves the log whole where it could not be done.</summary>
    private void Retryable(Action change)
    {
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException and not KafkaStorageException)
        {
            throw _environment.Health.RefusedBy(failure);
        }
    }

    private void Write(in ReadOnlySequence<byte> batches)
    {
        LogSegment active = _end.Segment;
        try
        {
            active.Append(batches, _settings.IndexIntervalBytes);
        }
        catch (IOException failure)
        {
            // A full disk takes a part of the bytes. They go before anything can be appended behind them.
            try
            {
                active.CutFailedAppend();
            }
            catch (IOException)
            {
                // The first failure is the one to report; recovery cuts what is left.
            }
            throw _environment.Health.FailedBy(failure);
        }
        long next = _end.Offset;
        ReadOnlySequence<byte> rest = batches;
        try
        {
            while (RecordBatchHeader.TryRead(rest, out RecordBatchHeader header))
            {
                if (header.PartitionLeaderEpoch > _latestEpoch)
                {
                    Epochs.Assign(header.PartitionLeaderEpoch, header.BaseOffset);
                    _latestEpoch = header.PartitionLeaderEpoch;
                }
                ReadOnlyMemory<byte> control = header.IsControl && header.HasProducerId ? rest.Slice(0, header.SizeInBytes).ToArray() : default;
                if (Producers.Update(header, control) is { } completed)
                {
                    if (completed.IsAborted)
                    {
                        active.TransactionIndex.Append(new AbortedTransaction(completed.ProducerId, completed.FirstOffset, completed.LastOffset,
                            Producers.LastStableOffsetAfter(completed)));
                    }
                    Producers.CompleteTransaction(completed);
                }
                next = header.NextOffset;
                rest = rest.Slice(header.SizeInBytes);
            }
        }
        catch (IOException failure)
        {
            // The bytes are in the file and what follows from them is not known: nothing may be appended behind them.
            if (failure is not KafkaStorageException)
                throw _environment.Health.FailedBy(failure);
            _environment.Health.Fail(failure);
            throw;
        }
        Volatile.Write(ref _end, new LogEnd(next, active, active.Size));
    }

    private void RollAt(long offset)
    {
        LogSegment active = _end.Segment;
        if (active.Size == 0 && active.BaseOffset == offset)
            return;
        Producers.SetEndOffset(offset);
        Producers.TakeSnapshot(sync: false);
        _unsyncedSnapshots.Add(Path.Combine(Folder, SegmentFiles.Name(offset, SegmentFiles.ProducerSnapshot)));
        LogSegment next = LogSegment.Create(_environment, Folder, offset, _settings);
        try
        {
            active.Seal();
        }
        catch (IOException failure) when (FileShortage.IsOfDescriptors(failure))
        {
            // The old segment goes on, so a file that says that it has ended must not stay.
            LogLoader.DeleteFiles(_environment.Files, next, "");
            throw;
        }
        Volatile.Write(ref _segments, [.. _segments, next]);
        Volatile.Write(ref _end, new LogEnd(_end.Offset, next, 0));
    }

    private void SettleFolder(bool isNameDurable)
    {
        if (!isNameDurable)
            _environment.Files.SyncFolder(Path.GetDirectoryName(Folder)!);
        PartitionMetadataFile.Sync(_environment.Files, Folder);
        lock (_gate)
        {
            // Where the folder cannot be synced now this is done again, and the names with it.
            foreach (LogSegment segment in _segments)
                segment.HasNewNames = false;
        }
        _environment.Files.SyncFolder(Folder);
        IsUnsettled = false;
    }

    private void SyncSegments(long beforeOffset)
    {
        LogSegment[] segments;
        LogSegment active;
        string[] snapshots;
        long target;
        bool newNames = false;
        lock (_gate)
        {
            if (_closed)
                return;
            target = Math.Min(beforeOffset, _end.Offset);
            active = _end.Segment;
            int first = Math.Max(0, SegmentReader.Floor(_segments, _recoveryPoint));
            int count = 0;
            while (first + count < _segments.Length && _segments[first + count].BaseOffset < beforeOffset)
                count++;
            segments = _segments[first..(first + count)];
            foreach (LogSegment segment in segments)
            {
                segment.WriteIndexes();
                newNames |= segment.HasNewNames;
                segment.HasNewNames = false;
            }
            snapshots = [.. _unsyncedSnapshots];
            _unsyncedSnapshots.Clear();
        }
        bool newEpochs = false;
        try
        {
            // Recovery reads no epoch out of batches that lie before the recovery point: the file has to know them first.
            newEpochs = target > _recoveryPoint && Epochs.MakeDurable(target);
            SyncFiles(segments, active, snapshots, newNames || newEpochs);
        }
        catch (IOException failure) when (FileShortage.IsOfDescriptors(failure.InnerException ?? failure))
        {
            // The next sync does all of it again.
            lock (_gate)
            {
                _unsyncedSnapshots.AddRange(snapshots);
                if (segments.Length > 0)
                    segments[0].HasNewNames |= newNames;
                if (newEpochs)
                    Epochs.NameIsUnsynced();
            }
            throw;
        }
        lock (_gate)
        {
            if (target > _recoveryPoint && target <= _end.Offset)
                Volatile.Write(ref _recoveryPoint, target);
        }
    }

    private void SyncFiles(LogSegment[] segments, LogSegment active, string[] snapshots, bool newNames)
    {
        foreach (LogSegment segment in segments)
        {
            segment.Sync();
            if (!ReferenceEquals(segment, active))
                segment.CloseIndexFiles();
        }
        foreach (string snapshot in snapshots)
        {
            if (!_environment.Files.FileExists(snapshot))
                continue;
            using StoredFile file = _environment.Files.Open(snapshot, FileOpening.ReadWrite);
            file.Sync();
        }
        if (newNames || snapshots.Length > 0)
            _environment.Files.SyncFolder(Folder);
    }

    /// <summary>Takes old segments out of the log and returns them; their files are the caller's to set aside.</summary>
    private LogSegment[] Retain(long nowMs, long highWatermark)
    {
        int count = ExpiredSegments.Count(_segments, _end.Offset, _logStartOffset, _settings, nowMs, highWatermark);
        if (count == 0)
            return [];
        if (count == _segments.Length)
            RollAt(_end.Offset);
        LogSegment[] gone = _segments[..count];
        Volatile.Write(ref _segments, _segments[count..]);
        if (_segments[0].BaseOffset > _logStartOffset)
        {
            Volatile.Write(ref _logStartOffset, _segments[0].BaseOffset);
            Producers.OnLogStart(_logStartOffset);
        }
        return gone;
    }

    private void MoveLogStart(long offset)
    {
        Volatile.Write(ref _logStartOffset, offset);
        Epochs.TruncateFromStart(offset);
        Producers.OnLogStart(offset);
    }

    /// <summary>Sets the files aside; readers that hold one open go on reading it.</summary>
    private void Delete(LogSegment[] gone)
    {
        long dueMs = _environment.NowMs() + _settings.FileDeleteDelayMs;
        foreach (LogSegment segment in gone)
        {
            // Closed first: whoever finds the file renamed knows then that it is not lost.
            segment.Close();
            segment.AppendSuffix(SegmentFiles.Deleted);
            Producers.DeleteSnapshot(segment.BaseOffset);
            _deleted.Enqueue((segment, dueMs));
        }
        _environment.Files.SyncFolder(Folder);
    }

    private void Cut(long offset)
    {
        int keep = SegmentReader.Floor(_segments, offset) + 1;
        if (_segments[keep - 1].BaseOffset == offset && keep > 1)
            keep--;
        LogSegment[] gone = _segments[keep..];
        LogSegment active = _segments[keep - 1];
        _ = active.OpenForAppend();
        active.TruncateTo(offset);
        Volatile.Write(ref _segments, _segments[..keep]);
        Volatile.Write(ref _end, new LogEnd(offset, active, active.Size));
        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        if (_logStartOffset > offset)
            Volatile.Write(ref _logStartOffset, offset);
        Delete(gone);
        Epochs.TruncateFromEnd(offset);
        _latestEpoch = Epochs.LatestEpoch;
        Producers.DeleteSnapshotsBehind(offset);
        new ProducerReplay(_environment, Producers, _segments).Rebuild(_logStartOffset, offset);
    }

    private void StartOver(long offset)
    {
        LogSegment[] gone = _segments;
        // The new segment can have the name of an old one, so that for a moment there is none.
        Volatile.Write(ref _segments, []);
        Delete(gone);
        LogSegment active = LogSegment.Create(_environment, Folder, offset, _settings);
        Volatile.Write(ref _segments, [active]);
        Volatile.Write(ref _end, new LogEnd(offset, active, 0));
        Volatile.Write(ref _logStartOffset, offset);
        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        Epochs.Clear();
        _latestEpoch = LeaderEpochCache.Undefined;
        Producers.DeleteSnapshotsBehind(-1);
        Producers.Clear();
        Producers.SetEndOffset(offset);
    }

    private void CloseFiles()
    {
        lock (_gate)
        {
            Volatile.Write(ref _closed, true);
            foreach (LogSegment segment in _segments)
                segment.Close();
        }
    }
}
