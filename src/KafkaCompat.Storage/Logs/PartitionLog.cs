using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// The log of one partition: a folder of segments, appended to at the end, read anywhere, shortened at the start.
/// </summary>
/// <remarks>
/// Writers exclude one another by a lock of the log's own; the partition above it holds its lock over check and append, in this order:
/// <c>Producers.Check</c>, patch offsets and epoch, <see cref="Append(in BatchRun)"/>. Readers take no lock. They see a published end (offset, segment,
/// position), which an append replaces after its bytes are written, so that no reader sees half a batch or one that is not there yet.
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
    private readonly SegmentList _segments;
    private readonly LogEndWriter _append;
    private readonly LogSync _sync;
    private readonly LoadedLog _loaded;
    private LogSettings _settings;

    internal PartitionLog(LogEnvironment environment, TopicPartition partition, LogSettings settings, LoadedLog loaded)
    {
        _environment = environment;
        _gate = loaded.Gate;
        Partition = partition;
        Folder = loaded.Folder;
        Epochs = loaded.Epochs;
        Producers = loaded.Producers;
        _settings = settings;
        var active = loaded.Segments[^1];
        _view = new LogView(environment, loaded.Segments, new LogEnd(loaded.LogEndOffset, active, active.Size), loaded.LogStartOffset);
        _segments = new SegmentList(environment, loaded, _view);
        _sync = new LogSync(environment, loaded, _view);
        _append = new LogEndWriter(environment, loaded, _view, _segments, _sync);
        _loaded = loaded;
    }

    public TopicPartition Partition { get; }

    /// <summary>What <c>partition.metadata</c> says; null where the file is absent.</summary>
    public Uuid? TopicId { get; internal set; }

    public string Folder { get; private set; }

    /// <summary>New, and a crash of the machine may take its folder, or what says whose it is. A sync changes that first.</summary>
    internal bool IsNameUnsynced
    {
        get => _sync.IsNameUnsynced;
        set => _sync.IsNameUnsynced = value;
    }

    public LeaderEpochCache Epochs { get; }

    public ProducerStates Producers { get; }

    public DirectoryHealth Health => _environment.Health;

    /// <summary>Where to wait for this log's disk.</summary>
    public IWorkThreads DiskThreads => _environment.DiskThreads;

    /// <summary>Where to append while appends to this log's directory take long, so that no other thread waits for them; null while they do not.</summary>
    public IWorkThreads? SlowDisk => _environment.Appends.AreSlow() ? _environment.DiskThreads : null;

    /// <summary>The configs; a change counts from the next append or retention run on.</summary>
    public LogSettings Settings
    {
        get => Volatile.Read(ref _settings);
        set => Volatile.Write(ref _settings, value);
    }

    public long LogStartOffset => _view.LogStartOffset;

    public long LogEndOffset => _view.End.Offset;

    /// <summary>Everything before it is on the disk.</summary>
    public long RecoveryPoint => _sync.RecoveryPoint;

    /// <summary>Whether segments that take no more appends wait for a sync.</summary>
    public bool HasUnsyncedRolled => _sync.UnsyncedFrom < ActiveSegmentBaseOffset;

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
    /// Older batches of producers, those that were in flight when the broker stopped, may be in the log and are not known: one that is out of sequence may be
    /// such a one.
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
    public LogAppend Append(in ReadOnlySequence<byte> batches) => Append(BatchRun.Read(batches));

    /// <summary>As <see cref="Append(in ReadOnlySequence{byte})"/>, for whoever has read the headers: they are those of the bytes.</summary>
    public LogAppend Append(in BatchRun batches)
    {
        lock (_gate)
        {
            RequireOpen();
            return _append.Append(batches, _settings);
        }
    }

    /// <summary>
    /// The batches from the one that holds an offset on: at most so many bytes (cut where they end, within a batch perhaps), none from
    /// <paramref name="maxOffsetExclusive"/> on, all from one segment. With <paramref name="minOneBatch"/> the first batch comes whole whatever its size.
    /// Throws <see cref="ObjectDisposedException"/> where the log was closed meanwhile, usually because it was deleted.
    /// </summary>
    public LogRead Read(long fromOffset, int maxBytes, long maxOffsetExclusive, bool minOneBatch) =>
        _view.Read(fromOffset, maxBytes, maxOffsetExclusive, minOneBatch);

    /// <summary>The aborted transactions that a committed reader of what <paramref name="read"/> holds must know, in the order of their markers.</summary>
    public void CollectAbortedTransactions(long fromOffset, in LogRead read, List<AbortedTransaction> into) =>
        _view.CollectAbortedTransactions(fromOffset, read, into);

    /// <summary>The first record at or behind the log's start whose timestamp is not before the one given.</summary>
    public TimestampAndOffset? FindByTimestamp(long timestampMs) => _view.Search(timestampMs, static (search, timestampMs) => search.First(timestampMs));

    /// <summary>The first record of the largest timestamp.</summary>
    public TimestampAndOffset? FindMaxTimestamp() => _view.Search(0, static (search, _) => search.Largest());

    /// <summary>Makes durable what the log holds now; the recovery point follows. A failure fails the directory for good.</summary>
    public void Sync() => Sync(long.MaxValue);

    /// <summary>
    /// As <see cref="Sync()"/>, for segments that start before an offset alone: <see cref="ActiveSegmentBaseOffset"/> syncs what has been rolled.
    /// </summary>
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
                var started = _environment.Clock.GetTimestamp();
                _sync.Sync(beforeOffset, isNameDurable);
                _environment.Flushes.Record(_environment.Clock.GetElapsedTime(started));
            }
            catch (IOException failure)
            {
                throw _environment.Health.RefusedBy(failure);
            }
        }
    }

    /// <summary>Makes a new log's folder durable, and what says whose it is; with <paramref name="isNameDurable"/> the folder's own name is already.</summary>
    internal void SyncName(bool isNameDurable)
    {
        lock (_filesGate)
        {
            // A log that was deleted meanwhile has its folder under another name, and needs nothing any more.
            if (!IsNameUnsynced || _view.IsClosed)
                return;
            _environment.Health.OrRefuse(() => _sync.SyncName(isNameDurable));
        }
    }

    /// <summary>Closes the active segment and starts a new one at the log's end, unless the active one is empty.</summary>
    public void Roll()
    {
        lock (_gate)
        {
            RequireOpen();
            _environment.Health.OrRefuse(() => _append.RollAt(_view.End.Offset, _settings));
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
            Retention.MoveLogStart(offset);
            Epochs.TruncateFromStart(offset);
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
        Retention.LookIntoOld(Settings, nowMs);
        lock (_filesGate)
        {
            var count = 0;
            lock (_gate)
            {
                RequireOpen();
                _environment.Health.OrRefuse(() => count = Retain(nowMs, highWatermark));
            }
            if (_segments.AreFilesMoved)
                return 0;
            // No reader finds these segments any more and no writer needs them: appends go on while their files are renamed.
            _environment.Health.OrRefuse(() =>
            {
                Epochs.TruncateFromStart(LogStartOffset);
                _segments.MoveFiles(_settings.FileDeleteDelayMs);
            });
            return count;
        }
    }

    /// <summary>The segments that take no more appends, for whoever makes others of them.</summary>
    internal SegmentRange SealedSegments
    {
        get
        {
            lock (_gate)
                return _segments.Sealed;
        }
    }

    /// <summary>
    /// Makes a segment beside the log that is to replace others in <see cref="ReplaceSegments"/>. A start throws it away for as long as it does not. One at a
    /// time makes them.
    /// </summary>
    internal LogSegment CreateBeside(long baseOffset)
    {
        lock (_filesGate)
        {
            RequireOpen();
            LogSegment? created = null;
            _environment.Health.OrRefuse(() =>
            {
                // What a start finds beside the log shows it that no earlier ones hold: those have their names by then.
                _segments.MoveFiles(_settings.FileDeleteDelayMs);
                created = LogSegment.CreateBeside(_environment, Folder, baseOffset, Settings);
            });
            return created!;
        }
    }

    /// <summary>
    /// Puts segments that were made beside the log in the place of some that take no more appends. Who reads the old ones, or is being sent a part of them,
    /// goes on; a crash leaves the old ones or the new ones. False where the log has the old ones no more as they were: the new ones are gone then, and also
    /// where the disk refuses them.
    /// </summary>
    internal bool ReplaceSegments(SegmentRange old, LogSegment[] replacing)
    {
        lock (_filesGate)
        {
            RequireOpen();
            var isHeld = false;
            _environment.Health.OrRefuse(() =>
            {
                // Whatever takes segments out of the log holds the lock over its files too; an append adds behind them.
                isHeld = _segments.Holds(old);
                if (!isHeld)
                {
                    SegmentSwap.Discard(replacing);
                    return;
                }
                SegmentSwap.RequireExact(old.Segments, replacing, _segments.NextBase(old));
                _segments.MoveFiles(_settings.FileDeleteDelayMs);
                new SegmentSwap(_environment, Folder).Commit(replacing);
                lock (_gate)
                    _segments.Replace(old.Segments, replacing);
                _segments.MoveFiles(_settings.FileDeleteDelayMs);
            });
            return isHeld;
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
            _environment.Health.OrRefuse(() =>
            {
                while (_segments.TryRemoveDue(tickMs))
                {
                }
            });
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
                    _environment.Health.OrFail(() => Truncate(Truncation.StartOver, offset));
                    return;
                }
                _environment.Health.OrFail(() => Truncate(Truncation.Cut, offset));
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
                _environment.Health.OrFail(() => Truncate(Truncation.StartOver, offset));
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
                    foreach (var segment in _view.Segments)
                        segment.CloseFiles();
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
                foreach (var segment in _view.Segments)
                    segment.Moved(folder);
            }
        }
    }

    // These are made where they are needed, which is seldom: partitions are many.
    private LogRetention Retention => new(_loaded, _view, _segments);
    private LogTruncation Truncation => new(_environment, _loaded, _view, _segments);

    private void RequireOpen()
    {
        _environment.Health.Require();
        _view.RequireOpen();
    }

    /// <summary>Takes old segments out of the log and returns how many; their files are the caller's to set aside.</summary>
    private int Retain(long nowMs, long highWatermark)
    {
        var count = Retention.CountExpired(_settings, nowMs, highWatermark);
        if (count == 0)
            return 0;
        if (count == _view.Segments.Length)
            _append.RollAt(_view.End.Offset, _settings);
        // The last one stays where there was nothing to roll behind.
        count = Math.Min(count, _view.Segments.Length - 1);
        if (count == 0)
            return 0;
        Retention.Drop(count, highWatermark);
        return count;
    }

    private void Truncate(Action<long, LogSettings> truncation, long offset)
    {
        truncation(offset, _settings);
        _sync.CutTo(offset, _view.End.Segment.BaseOffset);
        _append.EpochsChanged();
    }

    /// <summary>What a clean shutdown writes before the files are closed; nothing where the log is closed, or its directory has failed.</summary>
    private void WriteForClose(bool isNameDurable)
    {
        lock (_gate)
        {
            if (_view.IsClosed || _environment.Health.IsFailed)
                return;
            _environment.Health.OrRefuse(() =>
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
