using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

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

    /// <summary>Held over <see cref="ReadOlderBatches"/>; taken before <see cref="_gate"/>.</summary>
    private readonly Lock _readingOlder = new();

    private readonly LogView _view;
    private readonly DeletedSegments _deleted;

    /// <summary>
    /// Segments that the log has no more, whose files still have their names, in the order of their offsets. They are set aside in that order, also after a
    /// failure: a segment that stayed between others that went would end the log with it at the next start.
    /// </summary>
    private readonly Queue<LogSegment> _gone = new();
    private LogSettings _settings;
    private long _recoveryPoint;
    private int _latestEpoch;

    internal PartitionLog(LogEnvironment environment, TopicPartition partition, LogSettings settings, LoadedLog loaded)
    {
        _environment = environment;
        _gate = loaded.Gate;
        Partition = partition;
        Folder = loaded.Folder;
        Epochs = loaded.Epochs;
        Producers = loaded.Producers;
        _settings = settings;
        _recoveryPoint = loaded.RecoveryPoint;
        _latestEpoch = Epochs.LatestEpoch;
        LogSegment active = loaded.Segments[^1];
        _view = new LogView(environment, [.. loaded.Segments], new LogEnd(loaded.LogEndOffset, active, active.Size), loaded.LogStartOffset);
        _deleted = new DeletedSegments(environment);
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

    public long LogStartOffset => _view.LogStartOffset;

    public long LogEndOffset => _view.End.Offset;

    /// <summary>Everything before it is on the disk.</summary>
    public long RecoveryPoint => Volatile.Read(ref _recoveryPoint);

    /// <summary>Where the active segment starts. A recovery point before it means that rolled segments wait for a sync.</summary>
    public long ActiveSegmentBaseOffset => _view.End.Segment.BaseOffset;

    public long FirstSegmentBaseOffset => _view.Segments is [LogSegment first, ..] ? first.BaseOffset : LogStartOffset;

    public int SegmentCount => _view.Segments.Length;

    public long SizeInBytes => _view.SizeInBytes;

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
    /// Older batches of producers, those that were in flight when the broker stopped, may be in the log and are not known: one that is out of sequence may be such a one.
    /// <see cref="ReadOlderBatches"/> changes that.
    /// </summary>
    public bool LacksOlderBatches => Producers.LacksOlderBatches;

    /// <summary>Reads from the log what a snapshot left out of its producers. It takes long: whoever calls holds no lock, and appends go on.</summary>
    public void ReadOlderBatches()
    {
        // One reads, and whoever asks meanwhile waits for what it finds.
        lock (_readingOlder)
        {
            if (Producers.FindLackingBatches() is not { } lacking)
                return;
            _view.Walk(lacking.Read);
            Producers.TakeIn(lacking);
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
            LogAppend append = LogAppend.Measure(batches, _view.End.Offset);
            long tickMs = _environment.Clock.TickMs();
            try
            {
                if (_view.End.Segment.ShouldRoll(_settings, tickMs, (int)batches.Length, append.MaxTimestamp, append.LastOffset))
                    RollAt(Math.Max(append.FirstOffset, _view.End.Offset));
                // Opened before a byte is written: a process that has too many files open refuses the append, and the log is as it was.
                _ = _view.End.Segment.File;
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
    public LogRead Read(long fromOffset, int maxBytes, long maxOffsetExclusive, bool minOneBatch) => _view.Read(fromOffset, maxBytes, maxOffsetExclusive, minOneBatch);

    /// <summary>The aborted transactions that a committed reader of what <paramref name="read"/> holds must know, in the order of their markers.</summary>
    public void CollectAbortedTransactions(long fromOffset, in LogRead read, List<AbortedTransaction> into) => _view.CollectAbortedTransactions(fromOffset, read, into);

    /// <summary>The first record at or behind the log's start whose timestamp is not before the one given.</summary>
    public FoundOffset? FindByTimestamp(long timestampMs) => _view.Search(timestampMs, static (search, timestampMs) => search.First(timestampMs));

    /// <summary>The first record of the largest timestamp.</summary>
    public FoundOffset? FindMaxTimestamp() => _view.Search(0, static (search, _) => search.Largest());

    /// <summary>Makes durable what the log holds now; the recovery point follows. A failure fails the directory for good.</summary>
    public void Sync() => Sync(long.MaxValue);

    /// <summary>As <see cref="Sync()"/>, for segments that start before an offset alone: <see cref="ActiveSegmentBaseOffset"/> syncs what has been rolled.</summary>
    public void Sync(long beforeOffset) => Sync(beforeOffset, isNameDurable: false);

    private void Sync(long beforeOffset, bool isNameDurable)
    {
        lock (_filesGate)
        {
            // A log that was deleted has its folder under another name, or nowhere: nothing of it is to be kept, and its disk is well.
            if (_view.IsClosed)
                return;
            _environment.Health.Require();
            try
            {
                long started = _environment.Clock.GetTimestamp();
                SyncSegments(beforeOffset, isNameDurable);
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
            if (!IsUnsettled || _view.IsClosed)
                return;
            Retryable(() =>
            {
                SyncNames(isNameDurable);
                lock (_gate)
                {
                    // Where the folder cannot be synced now this is done again, and the names with it.
                    foreach (LogSegment segment in _view.Segments)
                        segment.HasNewNames = false;
                }
                _environment.Files.SyncFolder(Folder);
                IsUnsettled = false;
            });
        }
    }

    /// <summary>Closes the active segment and starts a new one at the log's end, unless the active one is empty.</summary>
    public void Roll()
    {
        lock (_gate)
        {
            RequireOpen();
            Retryable(() => RollAt(_view.End.Offset));
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
            if (offset <= _view.LogStartOffset)
                return false;
            if (offset > _view.End.Offset)
                throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The log ends at {_view.End.Offset}.");
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
        ExpiredSegments.LookInto(_view.Segments, Settings, nowMs);
        lock (_filesGate)
        {
            int count = 0;
            lock (_gate)
            {
                RequireOpen();
                Retryable(() => count = Retain(nowMs, highWatermark));
            }
            if (_gone.Count == 0)
                return 0;
            // No reader finds these segments any more and no writer needs them: appends go on while their files are renamed.
            Retryable(() =>
            {
                Epochs.TruncateFromStart(LogStartOffset);
                SetGoneAside();
            });
            return count;
        }
    }

    /// <summary>Removes the files of deleted segments whose delay, a span of the monotonic clock, is over.</summary>
    public void DeleteDue(long tickMs)
    {
        lock (_filesGate)
        {
            // Its folder's name may be another log's by now.
            if (_view.IsClosed)
                return;
            while (_deleted.IsDue(tickMs))
                Retryable(_deleted.RemoveFirst);
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
                if (offset >= _view.End.Offset)
                    return;
                if (offset <= _view.Segments[0].BaseOffset)
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
    /// Where descriptors are lacking it throws and is open, has let go of its files, and can be asked again.
    /// </summary>
    public void Close() => Close(isNameDurable: false);

    internal void Close(bool isNameDurable)
    {
        lock (_filesGate)
        {
            try
            {
                WriteForClose(isNameDurable);
            }
            catch (KafkaStorageException) when (!_environment.Health.IsFailed)
            {
                // So that those who are closed beside it have them, and it has theirs when it is asked again.
                lock (_gate)
                {
                    foreach (LogSegment segment in _view.Segments)
                        segment.LetGoOfFiles();
                }
                throw;
            }
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
                foreach (LogSegment segment in _view.Segments)
                    segment.Moved(folder);
            }
        }
    }

    private void RequireOpen()
    {
        _environment.Health.Require();
        _view.RequireOpen();
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
        LogSegment active = _view.End.Segment;
        try
        {
            active.Append(batches, _settings.IndexIntervalBytes);
        }
        catch (Exception failure)
        {
            // A full disk takes a part of the bytes. They go before anything can be appended behind them.
            try
            {
                active.CutFailedAppend();
            }
            catch (Exception)
            {
                // The first failure is the one to report; recovery cuts what is left.
            }
            throw _environment.Health.FailedBy(failure);
        }
        long next = _view.End.Offset;
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
        catch (Exception failure)
        {
            // The bytes are in the file and what follows from them is not known: whatever it was, nothing may be appended behind them.
            if (failure is not KafkaStorageException)
                throw _environment.Health.FailedBy(failure);
            _environment.Health.Fail(failure);
            throw;
        }
        _view.End = new LogEnd(next, active, active.Size);
    }

    private void RollAt(long offset)
    {
        LogSegment active = _view.End.Segment;
        if (active.Size == 0 && active.BaseOffset == offset)
            return;
        Producers.SetEndOffset(offset);
        Producers.TakeSnapshot();
        LogSegment next = LogSegment.Create(_environment, Folder, offset, _settings);
        try
        {
            active.Seal();
        }
        catch
        {
            // The old segment goes on, so a file that says that it has ended must not stay.
            next.DeleteFiles(_environment.Files);
            throw;
        }
        _view.Segments = [.. _view.Segments, next];
        _view.End = new LogEnd(_view.End.Offset, next, 0);
    }

    /// <summary>What says whose a new log's folder is, and the folder's own name; the names in the folder are the caller's to sync.</summary>
    private void SyncNames(bool isNameDurable)
    {
        if (!isNameDurable)
            _environment.Files.SyncFolder(Path.GetDirectoryName(Folder)!);
        PartitionMetadataFile.Sync(_environment.Files, Folder);
    }

    private void SyncSegments(long beforeOffset, bool isNameDurable)
    {
        LogSegment[] segments;
        LogSegment active;
        long[] snapshots;
        long target;
        bool settles = IsUnsettled;
        if (settles)
            SyncNames(isNameDurable);
        bool newNames = settles;
        lock (_gate)
        {
            if (_view.IsClosed)
                return;
            target = Math.Min(beforeOffset, _view.End.Offset);
            active = _view.End.Segment;
            int first = Math.Max(0, SegmentReader.Floor(_view.Segments, _recoveryPoint));
            int count = 0;
            while (first + count < _view.Segments.Length && _view.Segments[first + count].BaseOffset < beforeOffset)
                count++;
            segments = _view.Segments[first..(first + count)];
            // What can be refused comes first: who asks again finds the names still unsynced.
            foreach (LogSegment segment in segments)
                segment.WriteIndexes();
            foreach (LogSegment segment in segments)
            {
                newNames |= segment.HasNewNames;
                segment.HasNewNames = false;
            }
            snapshots = Producers.TakeUnsyncedSnapshots();
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
                Producers.GiveBack(snapshots);
                if (segments.Length > 0)
                    segments[0].HasNewNames |= newNames;
                if (newEpochs)
                    Epochs.NameIsUnsynced();
            }
            throw;
        }
        if (settles)
            IsUnsettled = false;
        lock (_gate)
        {
            if (target > _recoveryPoint && target <= _view.End.Offset)
                Volatile.Write(ref _recoveryPoint, target);
        }
    }

    private void SyncFiles(LogSegment[] segments, LogSegment active, long[] snapshots, bool newNames)
    {
        foreach (LogSegment segment in segments)
        {
            segment.Sync();
            if (!ReferenceEquals(segment, active))
                segment.CloseIndexFiles();
        }
        foreach (string snapshot in snapshots.Select(Producers.SnapshotPath))
        {
            if (!_environment.Files.FileExists(snapshot))
                continue;
            using StoredFile file = _environment.Files.Open(snapshot, FileOpening.ReadWrite);
            file.Sync();
        }
        if (newNames || snapshots.Length > 0)
            _environment.Files.SyncFolder(Folder);
    }

    /// <summary>Takes old segments out of the log and returns how many; their files are the caller's to set aside.</summary>
    private int Retain(long nowMs, long highWatermark)
    {
        int count = ExpiredSegments.Count(_view.Segments, _view.End.Offset, _view.LogStartOffset, _settings, nowMs, highWatermark);
        if (count == 0)
            return 0;
        if (count == _view.Segments.Length)
            RollAt(_view.End.Offset);
        LogSegment[] gone = _view.Segments[..count];
        LogSegment[] rest = _view.Segments[count..];
        // The start first: a reader that finds the segments without their first ones finds that its offset is out of range, and is not served from a later one.
        _view.LogStartOffset = Math.Max(_view.LogStartOffset, rest[0].BaseOffset);
        _view.Segments = rest;
        foreach (LogSegment segment in gone)
            _gone.Enqueue(segment);
        Producers.OnLogStart(_view.LogStartOffset);
        return count;
    }

    private void MoveLogStart(long offset)
    {
        _view.LogStartOffset = offset;
        Epochs.TruncateFromStart(offset);
        Producers.OnLogStart(offset);
    }

    private void Delete(LogSegment[] gone)
    {
        foreach (LogSegment segment in gone)
            _gone.Enqueue(segment);
        SetGoneAside();
    }

    /// <summary>Sets the files aside; readers that hold one open go on reading it.</summary>
    private void SetGoneAside()
    {
        while (_gone.TryPeek(out LogSegment? segment))
        {
            _deleted.Add(segment, _settings.FileDeleteDelayMs);
            Producers.DeleteSnapshot(segment.BaseOffset);
            _ = _gone.Dequeue();
        }
        _environment.Files.SyncFolder(Folder);
    }

    private void Cut(long offset)
    {
        int keep = SegmentReader.Floor(_view.Segments, offset) + 1;
        if (_view.Segments[keep - 1].BaseOffset == offset && keep > 1)
            keep--;
        LogSegment[] gone = _view.Segments[keep..];
        LogSegment active = _view.Segments[keep - 1];
        _ = active.OpenForAppend();
        active.TruncateTo(offset);
        _view.Segments = _view.Segments[..keep];
        _view.End = new LogEnd(offset, active, active.Size);
        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        if (_view.LogStartOffset > offset)
            _view.LogStartOffset = offset;
        Delete(gone);
        Epochs.TruncateFromEnd(offset);
        _latestEpoch = Epochs.LatestEpoch;
        Producers.DeleteSnapshotsBehind(offset);
        new ProducerReplay(_environment, Producers, _view.Segments).Rebuild(_view.LogStartOffset, offset);
    }

    private void StartOver(long offset)
    {
        LogSegment[] gone = _view.Segments;
        // The new segment can have the name of an old one, so that for a moment there is none.
        _view.Segments = [];
        Delete(gone);
        LogSegment active = LogSegment.Create(_environment, Folder, offset, _settings);
        _view.Segments = [active];
        _view.End = new LogEnd(offset, active, 0);
        _view.LogStartOffset = offset;
        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        Epochs.Clear();
        _latestEpoch = LeaderEpochCache.Undefined;
        Producers.DeleteSnapshotsBehind(-1);
        Producers.Clear();
        Producers.SetEndOffset(offset);
    }

    /// <summary>What a clean shutdown writes before the files are closed; nothing where the log is closed, or its directory has failed.</summary>
    private void WriteForClose(bool isNameDurable)
    {
        lock (_gate)
        {
            if (_view.IsClosed || _environment.Health.IsFailed)
                return;
            Retryable(() =>
            {
                Epochs.Close(_view.End.Offset);
                _view.End.Segment.Seal();
                Producers.SetEndOffset(_view.End.Offset);
                Producers.TakeSnapshot();
            });
        }
        if (!_environment.Health.IsFailed)
            Sync(long.MaxValue, isNameDurable);
    }

    private void CloseFiles()
    {
        lock (_gate)
        {
            _view.Close();
        }
    }
}
