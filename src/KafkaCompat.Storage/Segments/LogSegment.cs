using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// One segment: the <c>.log</c> file with its three indexes. One writer at a time; readers need no lock, they see a size whose bytes are written.
/// Files are opened when they are first needed, so that a log of many old segments opens fast. A segment is the same for as long as it lives: its files keep to
/// it under whatever name, and once it is closed nothing is opened by a name that another segment may have by then.
/// </summary>
internal sealed class LogSegment
{
    private const long SmallestPreallocation = 1 << 20;
    private const long LargestPreallocation = 64 << 20;

    private readonly LogEnvironment _environment;
    private readonly SegmentPlace _place;
    private readonly SegmentFile _name;
    private StoredFile? _file;
    private bool _writable;

    /// <summary>Bytes or the length have changed since the last sync.</summary>
    private bool _isUnsynced;

    private long _size;
    private long _allocated;
    private long _handedOver = -1;
    private int _bytesSinceIndexEntry;
    private long? _firstBatchTimestamp;
    private readonly CheckedRange _checked = new();

    /// <param name="environment">What all logs of the directory share.</param>
    /// <param name="folder">Where the files are.</param>
    /// <param name="baseOffset">The first offset, which the files are named by.</param>
    /// <param name="size">Bytes of whole batches.</param>
    /// <param name="rollJitterMs">How much earlier than others it is rolled.</param>
    /// <param name="suffix">What the names of the files end in, for as long as the segment is not of the log.</param>
    public LogSegment(LogEnvironment environment, string folder, long baseOffset, long size, long rollJitterMs, string suffix = "")
    {
        _environment = environment;
        _place = new SegmentPlace(environment.Files, folder, baseOffset);
        // The offset index has 32 bits for a position, so no Kafka has written it, and none opens it.
        if (size > int.MaxValue)
            throw new LogCorruptionException($"{folder}: segment {baseOffset} has {size} bytes, and a segment of Kafka's has {int.MaxValue} at most.");
        _size = size;
        RollJitterMs = rollJitterMs;
        CreatedTickMs = environment.Clock.TickMs();
        _name = new SegmentFile(_place, SegmentFiles.Log, suffix);
        OffsetIndex = new OffsetIndex(_place, suffix) { Owner = this };
        TimeIndex = new TimeIndex(_place, suffix) { Owner = this };
        TransactionIndex = new TransactionIndex(_place, suffix);
        Times = new SegmentTimes(environment, this);
    }

    public string Folder => _place.Folder;

    public DirectoryHealth Health => _environment.Health;

    public long BaseOffset => _place.BaseOffset;

    public long RollJitterMs { get; }

    /// <summary>When it was made or opened, by the monotonic clock: segments without times of their own roll by their age.</summary>
    public long CreatedTickMs { get; }

    public OffsetIndex OffsetIndex { get; }

    public TimeIndex TimeIndex { get; }

    public TransactionIndex TransactionIndex { get; }

    /// <summary>Bytes of whole batches.</summary>
    public long Size => Volatile.Read(ref _size);

    /// <summary>Names of files were made that the folder has not been synced for.</summary>
    public bool HasNewNames { get; set; }

    public SegmentTimes Times { get; }

    public static LogSegment Create(LogEnvironment environment, string folder, long baseOffset, LogSettings settings) =>
        Create(environment, folder, baseOffset, settings, "");

    /// <summary>
    /// A segment that is to replace others. It is written beside the log, and belongs to it when <see cref="Logs.PartitionLog.ReplaceSegments"/> says so.
    /// </summary>
    public static LogSegment CreateBeside(LogEnvironment environment, string folder, long baseOffset, LogSettings settings)
    {
        var earlier = new LogSegment(environment, folder, baseOffset, 0, 0, SegmentFiles.Cleaned);
        earlier.DeleteFiles();
        return Create(environment, folder, baseOffset, settings with { Preallocate = false }, SegmentFiles.Cleaned);
    }

    private static LogSegment Create(LogEnvironment environment, string folder, long baseOffset, LogSettings settings, string suffix)
    {
        var segment = new LogSegment(environment, folder, baseOffset, 0, environment.NextRandom(Math.Min(settings.SegmentJitterMs, settings.SegmentMs)), suffix)
        {
            HasNewNames = true,
            _writable = true,
        };
        try
        {
            segment._file = segment._name.Open(FileOpening.OpenOrCreate);
            // A file that is new has its name alone, which the sync of its folder keeps.
            if (segment._file.Length > 0)
            {
                segment._file.SetLength(0);
                segment._isUnsynced = true;
            }
            segment.OffsetIndex.Rewrite();
            segment.TimeIndex.Rewrite();
        }
        catch
        {
            // Whatever it was: the log goes on without this segment, and its files would say at the next start that the one before has ended.
            segment.DeleteFiles();
            throw;
        }
        // Whoever writes to them again opens them again.
        segment.OffsetIndex.CloseFile();
        segment.TimeIndex.CloseFile();
        segment.Times.Clear();
        segment._checked.OwnFrom(0);
        if (settings.Preallocate)
        {
            segment._allocated = settings.SegmentBytes;
            segment._file.Preallocate(settings.SegmentBytes);
        }
        return segment;
    }

    /// <summary>Where the file with the batches is now.</summary>
    public string LogPath => _name.Path;

    public long LastWriteMs() => _name.LastWriteMs();

    /// <summary>The open file.</summary>
    public StoredFile File => Volatile.Read(ref _file) ?? OpenFile();

    /// <summary>Closes all files until somebody reads, writes or syncs: a partition that is idle keeps none open.</summary>
    public void CloseFiles()
    {
        CloseIndexFiles();
        lock (this)
        {
            _file?.Dispose();
            Volatile.Write(ref _file, null);
        }
    }

    /// <summary>Makes this the active segment. False where an index holds entries that cannot be, and has to be rebuilt.</summary>
    public bool OpenForAppend()
    {
        var sound = OffsetIndex.OpenActive() & TimeIndex.OpenActive();
        BecomeWritable();
        return sound;
    }

    /// <summary>As <see cref="OpenForAppend"/>, of a segment whose files were all found empty: there is nothing to read.</summary>
    public void OpenEmptyForAppend()
    {
        OffsetIndex.OpenEmpty();
        TimeIndex.OpenEmpty();
        BecomeWritable();
    }

    private void BecomeWritable()
    {
        lock (this)
        {
            _writable = true;
            _file?.Dispose();
            Volatile.Write(ref _file, null);
        }
    }

    /// <summary>Appends whole batches; the caller has checked that they fit and made their offsets right.</summary>
    public void Append(in BatchRun batches, int indexIntervalBytes)
    {
        var bytes = batches.Bytes;
        var start = _size;
        Invariant.Holds(_writable, $"{LogPath}: {bytes.Length} bytes are to be appended to a segment that takes none");
        Invariant.Holds(batches[0].BaseOffset >= BaseOffset, $"{LogPath}: a batch of offset {batches[0].BaseOffset} is to be appended");
        Invariant.Holds(start + bytes.Length <= int.MaxValue, $"{LogPath}: {bytes.Length} bytes are to be appended to {start}");
        var file = File;
        if (start + bytes.Length > _allocated && start >= SmallestPreallocation)
        {
            _allocated = start + Math.Max(bytes.Length, Math.Min(start, LargestPreallocation));
            file.Preallocate(_allocated);
        }
        file.Write(start, bytes);
        _isUnsynced = true;
        var position = start;
        for (var i = 0; i < batches.Count; i++)
        {
            var header = batches[i];
            Index(header, position, indexIntervalBytes);
            position += header.SizeInBytes;
        }
        Invariant.Holds(position == start + bytes.Length, $"{LogPath}: {position - start} of {bytes.Length} appended bytes are of batches");
        Volatile.Write(ref _size, position);
        if (_environment.WriteBehind is { } writeBehind)
            HandOver(writeBehind, file, start, position);
    }

    /// <summary>After a write that failed: whatever part of it reached the file is cut off again.</summary>
    public void CutFailedAppend() => File.SetLength(_size);

    /// <summary>Accounts for one batch that stands at a position.</summary>
    public void Index(in RecordBatchHeader header, long position, int indexIntervalBytes)
    {
        var largest = Times.Take(header.MaxTimestamp, header.LastOffset);
        _firstBatchTimestamp ??= header.MaxTimestamp;
        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            OffsetIndex.Append(header.LastOffset, (int)position);
            TimeIndex.AppendIfLarger(largest.Timestamp, largest.Offset);
            _bytesSinceIndexEntry = 0;
        }
        _bytesSinceIndexEntry += header.SizeInBytes;
    }

    /// <summary>Starts over with indexing, for recovery.</summary>
    public void ResetIndexes()
    {
        OffsetIndex.Reset();
        TimeIndex.Reset();
        _bytesSinceIndexEntry = 0;
        _firstBatchTimestamp = null;
        Times.Clear();
    }

    /// <summary>
    /// Of a segment that another one follows: whether its records are lost. It had some when it was sealed, and its time index still says so; one that
    /// compaction has emptied has none there.
    /// </summary>
    public bool IsEmptied => Size == 0 && TimeIndex.Count > 0;

    /// <summary>
    /// Ends the file where its last good batch does. With <paramref name="afterKill"/> also where its length says so: blocks may be reserved behind it.
    /// </summary>
    /// <param name="size">Where that is.</param>
    /// <param name="afterKill">The last life did not end in order.</param>
    /// <param name="isOnDisk">All that the file holds was synced.</param>
    public void SetRecoveredSize(long size, bool afterKill, bool isOnDisk)
    {
        var length = File.Length;
        Invariant.Holds(size <= length, $"{LogPath}: {size} bytes are whole batches of a file of {length}");
        Volatile.Write(ref _size, size);
        _checked.OwnFrom(size);
        _isUnsynced |= !isOnDisk || length != size;
        if (afterKill || length != size)
            File.SetLength(size);
    }

    public bool ShouldRoll(LogSettings settings, long tickMs, int appendBytes, long appendMaxTimestamp, long appendLastOffset)
    {
        if (Size > settings.SegmentBytes - (long)appendBytes && Size > 0)
            return true;
        if (Size > 0 && WaitedForRollMs(tickMs, appendMaxTimestamp) > settings.SegmentMs - RollJitterMs)
            return true;
        return OffsetIndex.Count >= settings.SegmentIndexBytes / OffsetIndex.EntryBytes
            || TimeIndex.Count >= settings.SegmentIndexBytes / TimeIndex.EntryBytes - 1
            || appendLastOffset - BaseOffset > int.MaxValue
            || Size > int.MaxValue - (long)appendBytes;
    }

    /// <summary>
    /// Where the walk to an offset starts: at the batch that holds it, or the first one where the offset is the segment's first or a search cannot say.
    /// </summary>
    public long PositionToSearch(long offset, long end, out long nextOffset, long bound = long.MaxValue)
    {
        nextOffset = BaseOffset;
        if (offset <= BaseOffset || BatchSearch.Find(this, offset, end, bound, out var place) != Finding.Found)
            return 0;
        nextOffset = place.Header.IsLegacyWrapper ? offset : place.Header.BaseOffset;
        return place.Position;
    }

    /// <summary>A walk over the batches from the last one on that the offset index knows.</summary>
    public SegmentWalk WalkFromLastEntry(BatchScanner scanner, long end, bool allowsHoleAtEnd)
    {
        var from = OffsetIndex.TryLookup(long.MaxValue, 0, out var indexedOffset, out _) ? PositionToSearch(indexedOffset, end, out indexedOffset) : 0;
        scanner.Restart(from);
        return new SegmentWalk(scanner, from == 0 ? BaseOffset : indexedOffset) { BaseOffset = BaseOffset, AllowsHoleAtEnd = allowsHoleAtEnd };
    }

    /// <summary>Whether a batch that was found was looked at already, and fits between its neighbours.</summary>
    public bool IsChecked(in BatchPlace batch) => _checked.Holds(batch);

    /// <summary>How far a region that starts with a batch reaches before a batch that does not follow the one before.</summary>
    public long CheckedEnd(in BatchPlace first, long end, long size, long bound) => _checked.EndOf(this, first, end, size, bound);

    /// <summary>No more appends: the time index gets its last entry, what was reserved goes back, index memory is let go.</summary>
    public void Seal()
    {
        (var timestamp, var offset) = Times.Largest;
        TimeIndex.AppendIfLarger(timestamp, offset);
        // What can fail comes first, so that a segment is sealed or is not.
        WriteIndexes();
        OffsetIndex.Seal();
        TimeIndex.Seal();
        TrimFile();
    }

    /// <summary>Rewrites the indexes from memory after they were rebuilt.</summary>
    public void RewriteIndexes()
    {
        (var timestamp, var offset) = Times.Largest;
        TimeIndex.AppendIfLarger(timestamp, offset);
        OffsetIndex.Rewrite();
        TimeIndex.Rewrite();
        HasNewNames = true;
    }

    /// <summary>The next sync makes the indexes durable, whoever wrote them.</summary>
    public void IndexesWritten()
    {
        OffsetIndex.Written();
        TimeIndex.Written();
    }

    /// <summary>Writes what the indexes hold.</summary>
    public void WriteIndexes()
    {
        OffsetIndex.WritePending();
        TimeIndex.WritePending();
    }

    public void TrimFile()
    {
        if (_allocated <= 0)
            return;
        File.SetLength(Size);
        _allocated = 0;
        _isUnsynced = true;
    }

    public void Sync()
    {
        if (_isUnsynced)
        {
            var file = File;
            // Cleared first: an append beside this sync asks for another one.
            _isUnsynced = false;
            file.Sync();
        }
        OffsetIndex.Sync();
        TimeIndex.Sync();
        TransactionIndex.Sync();
    }

    /// <summary>Makes durable what the offset and the time index hold, and the folder's names of them.</summary>
    public void SyncIndexes()
    {
        OffsetIndex.Sync();
        TimeIndex.Sync();
        _environment.Files.SyncFolder(Folder);
    }

    /// <summary>Where the first batch stands that reaches to an offset or behind.</summary>
    public long PositionToCut(long offset)
    {
        var end = Size;
        // Where damage stands in the way the cut is before it: nothing behind the offset may stay.
        return BatchSearch.Find(this, offset, end, long.MaxValue, out var place) == Finding.Behind ? end : place.Position;
    }

    /// <summary>Forgets an offset and all behind it, which starts at a position.</summary>
    public void TruncateTo(long offset, long end)
    {
        Invariant.Holds(end >= 0 && end <= _size, $"{LogPath}: it is to be cut to {end} of its {_size} bytes");
        Invariant.Holds(offset >= BaseOffset, $"{LogPath}: it is to be cut to offset {offset}");
        OffsetIndex.TruncateTo(offset);
        TimeIndex.TruncateTo(offset);
        TransactionIndex.TruncateTo(offset);
        Volatile.Write(ref _size, end);
        File.SetLength(end);
        _isUnsynced = true;
        _allocated = 0;
        _handedOver = -1;
        _checked.CutTo(end);
        _bytesSinceIndexEntry = 0;
        if (end == 0)
            _firstBatchTimestamp = null;
        Times.FindAnew(OffsetIndex.LastPosition());
    }

    /// <summary>
    /// Renames all files of the segment, that with the batches first; readers keep what they have open, and find the others under their new names.
    /// </summary>
    public void Rename(string suffix)
    {
        _name.Rename(suffix);
        OffsetIndex.Rename(suffix);
        TimeIndex.Rename(suffix);
        TransactionIndex.Rename(suffix);
    }

    /// <summary>Closes the segment and deletes its files, whatever their names are by now.</summary>
    public void DeleteFiles()
    {
        Close();
        _name.Delete();
        OffsetIndex.Delete();
        TimeIndex.Delete();
        TransactionIndex.Delete();
    }

    /// <summary>
    /// Whoever holds a file of the segment open goes on reading it, and readers of an index's entries keep them. Nobody opens a file any more by a name that
    /// another may have by now, or takes an index's absence for an empty one.
    /// </summary>
    public void Close()
    {
        _place.Close();
        CloseIndexFiles();
        lock (this)
            _file?.Dispose();
    }

    public void Moved(string folder) => _place.Moved(folder);

    /// <summary>Nothing more is written to them; whoever writes again opens them again.</summary>
    public void CloseIndexFiles()
    {
        OffsetIndex.CloseFile();
        TimeIndex.CloseFile();
        TransactionIndex.CloseFile();
    }

    // In whole pieces from a multiple of their size on, so that no page belongs to two of them.
    private void HandOver(WriteBehind writeBehind, StoredFile file, long start, long end)
    {
        if (_handedOver < 0)
            _handedOver = start - start % WriteBehind.PieceBytes;
        var until = end - end % WriteBehind.PieceBytes;
        if (until <= _handedOver)
            return;
        writeBehind.Written(file, _handedOver, until - _handedOver);
        _handedOver = until;
    }

    /// <summary>Makes the entries of an index that hold what cannot be from the log; the file stays as it is until the next start.</summary>
    internal byte[] RebuildInMemory(SparseIndex index)
    {
        _environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, index.Path, "its entries do not grow"));
        var offsets = new OffsetIndex(_place);
        var times = new TimeIndex(_place);
        var largest = new LargestTimestamp(-1, BaseOffset);
        var bytes = 0;
        using var scanner = new BatchScanner(File, 0, Size);
        var walk = new SegmentWalk(scanner, BaseOffset);
        while (walk.MoveNext())
        {
            if (walk.Header.MaxTimestamp > largest.Timestamp)
                largest = new LargestTimestamp(walk.Header.MaxTimestamp, walk.Header.LastOffset);
            if (bytes > LogSettings.Default.IndexIntervalBytes)
            {
                offsets.Append(walk.Header.LastOffset, (int)walk.Position);
                times.AppendIfLarger(largest.Timestamp, largest.Offset);
                bytes = 0;
            }
            bytes += walk.Header.SizeInBytes;
        }
        times.AppendIfLarger(largest.Timestamp, largest.Offset);
        return index is OffsetIndex ? offsets.ToArray() : times.ToArray();
    }

    private long WaitedForRollMs(long tickMs, long appendMaxTimestamp)
    {
        if (_firstBatchTimestamp is null && Size > 0)
        {
            using var scanner = new BatchScanner(File, 0, Size, RecordBatchHeader.Size);
            if (scanner.MoveNext())
                _firstBatchTimestamp = scanner.Header.MaxTimestamp;
        }
        return _firstBatchTimestamp is { } first and >= 0 ? appendMaxTimestamp - first : tickMs - CreatedTickMs;
    }

    private StoredFile OpenFile()
    {
        lock (this)
        {
            if (_file is null)
                Volatile.Write(ref _file, _name.Open(_writable ? FileOpening.ReadWrite : FileOpening.Read));
            return _file!;
        }
    }
}
