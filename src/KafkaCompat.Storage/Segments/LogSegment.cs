using System.Buffers;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>A segment's largest timestamp and the last offset of the batch that holds it; one object, so that readers never see half of it.</summary>
internal sealed record LargestTimestamp(long Timestamp, long Offset);

/// <summary>
/// One segment: the <c>.log</c> file with its three indexes. One writer at a time; readers need no lock, they see a size whose bytes are written.
/// Files are opened when they are first needed, so that a log of many old segments opens fast.
/// </summary>
internal sealed class LogSegment
{
    private const long SmallestPreallocation = 1 << 20;
    private const long LargestPreallocation = 64 << 20;

    private readonly LogEnvironment _environment;
    private readonly Lock _opening = new();
    private StoredFile? _file;
    private bool _writable;
    private bool _closed;

    /// <summary>Bytes or the length have changed since the last sync.</summary>
    private bool _isUnsynced;

    private long _size;
    private long _allocated;
    private long _handedOver = -1;
    private int _bytesSinceIndexEntry;
    private long? _firstBatchTimestamp;
    private LargestTimestamp? _largest;

    /// <summary>Whether <see cref="_largest"/> was compared with the batches, or made from them.</summary>
    private bool _isLargestTrue;

    /// <summary>Whether it was made from all of them.</summary>
    private bool _isLargestCertain;

    private readonly CheckedRange _checked = new();

    public LogSegment(LogEnvironment environment, string folder, long baseOffset, long size, long rollJitterMs)
    {
        _environment = environment;
        Folder = folder;
        BaseOffset = baseOffset;
        _size = size;
        RollJitterMs = rollJitterMs;
        CreatedTickMs = environment.Clock.TickMs();
        OffsetIndex = new OffsetIndex(environment.Files, PathOf(SegmentFiles.OffsetIndex), baseOffset);
        TimeIndex = new TimeIndex(environment.Files, PathOf(SegmentFiles.TimeIndex), baseOffset);
        OffsetIndex.Damaged = TimeIndex.Damaged = RebuildInMemory;
        TransactionIndex = new TransactionIndex(environment.Files, PathOf(SegmentFiles.TransactionIndex));
    }

    public string Folder { get; private set; }

    public DirectoryHealth Health => _environment.Health;

    public long BaseOffset { get; }

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

    /// <summary>The largest timestamp and the last offset of the batch that holds it, as the time index has it.</summary>
    public LargestTimestamp Largest => Volatile.Read(ref _largest) ?? ReadLargest();

    /// <summary>As <see cref="Largest"/>, after the time index's word was compared with the log.</summary>
    public LargestTimestamp TrueLargest => Volatile.Read(ref _isLargestTrue) ? Largest : CompareLargest();

    /// <summary>The time index and the log contradict one another.</summary>
    public bool IsLargestDoubtful { get; private set; }

    /// <summary>As <see cref="TrueLargest"/>, with every batch looked at: for what cannot be taken back.</summary>
    public LargestTimestamp CertainLargest()
    {
        if (Volatile.Read(ref _isLargestCertain))
            return Largest;
        LargestTimestamp told = Largest;
        LargestTimestamp largest = WalkLargest(new LargestTimestamp(-1, BaseOffset), 0);
        // An append beside this has a later word.
        if (Interlocked.CompareExchange(ref _largest, largest, told) != told)
            return Largest;
        Volatile.Write(ref _isLargestTrue, true);
        Volatile.Write(ref _isLargestCertain, true);
        return largest;
    }

    /// <summary>What retention by time looks at: the largest timestamp, or when the file was written if no record has one.</summary>
    public long LargestTimestampMs => TimeOr(Largest);

    public static LogSegment Create(LogEnvironment environment, string folder, long baseOffset, LogSettings settings)
    {
        var segment = new LogSegment(environment, folder, baseOffset, 0, environment.NextRandom(Math.Min(settings.SegmentJitterMs, settings.SegmentMs)))
        {
            HasNewNames = true,
            _writable = true,
        };
        try
        {
            segment._file = environment.Files.Open(segment.PathOf(SegmentFiles.Log), FileOpening.OpenOrCreate);
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
            segment.DeleteFiles(environment.Files);
            throw;
        }
        // Whoever writes to them again opens them again.
        segment.OffsetIndex.CloseFile();
        segment.TimeIndex.CloseFile();
        segment.BecomeCertain(new LargestTimestamp(-1, baseOffset));
        segment._checked.OwnFrom(0);
        if (settings.Preallocate)
        {
            segment._allocated = settings.SegmentBytes;
            segment._file.Preallocate(settings.SegmentBytes);
        }
        return segment;
    }

    public string PathOf(string suffix) => Path.Combine(Folder, SegmentFiles.Name(BaseOffset, suffix));

    /// <summary>The open file.</summary>
    public StoredFile File => Volatile.Read(ref _file) ?? OpenFile();

    /// <summary>Closes all files until somebody reads, writes or syncs: a partition that is idle keeps none open.</summary>
    public void LetGoOfFiles()
    {
        CloseIndexFiles();
        lock (_opening)
        {
            _file?.Dispose();
            Volatile.Write(ref _file, null);
        }
    }

    /// <summary>Makes this the active segment. False where an index holds entries that cannot be, and wants to be built anew.</summary>
    public bool OpenForAppend()
    {
        bool sound = OffsetIndex.OpenActive() & TimeIndex.OpenActive();
        lock (_opening)
        {
            _writable = true;
            _file?.Dispose();
            Volatile.Write(ref _file, null);
        }
        return sound;
    }

    /// <summary>Appends whole batches; the caller has checked that they fit and made their offsets right.</summary>
    public void Append(in ReadOnlySequence<byte> batches, int indexIntervalBytes)
    {
        long start = _size;
        StoredFile file = File;
        if (start + batches.Length > _allocated && start >= SmallestPreallocation)
        {
            _allocated = start + Math.Max(batches.Length, Math.Min(start, LargestPreallocation));
            file.Preallocate(_allocated);
        }
        file.Write(start, batches);
        _isUnsynced = true;
        long position = start;
        ReadOnlySequence<byte> rest = batches;
        while (RecordBatchHeader.TryRead(rest, out RecordBatchHeader header))
        {
            Index(header, position, indexIntervalBytes);
            position += header.SizeInBytes;
            if (position - start >= batches.Length)
                break;
            rest = batches.Slice(position - start);
        }
        Volatile.Write(ref _size, position);
        if (_environment.WriteBehind is { } writeBehind)
            HandOver(writeBehind, file, start, position);
    }

    /// <summary>After a write that failed: whatever part of it reached the file is cut off again.</summary>
    public void CutFailedAppend() => File.SetLength(_size);

    /// <summary>Accounts for one batch that stands at a position.</summary>
    public void Index(in RecordBatchHeader header, long position, int indexIntervalBytes)
    {
        LargestTimestamp largest = Largest;
        if (header.MaxTimestamp > largest.Timestamp)
            Volatile.Write(ref _largest, largest = new LargestTimestamp(header.MaxTimestamp, header.LastOffset));
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
        BecomeCertain(new LargestTimestamp(-1, BaseOffset));
    }

    /// <summary>Ends the file where its last good batch does. With <paramref name="afterKill"/> also where its length says so: blocks may be reserved behind it.</summary>
    /// <param name="size">Where that is.</param>
    /// <param name="afterKill">The last life did not end in order.</param>
    /// <param name="isOnDisk">All that the file holds was synced.</param>
    public void SetRecoveredSize(long size, bool afterKill, bool isOnDisk)
    {
        long length = File.Length;
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
        if (offset <= BaseOffset || BatchSearch.Find(this, offset, end, bound, out BatchPlace place) != Finding.Found)
            return 0;
        nextOffset = place.Header.IsLegacyWrapper ? offset : place.Header.BaseOffset;
        return place.Position;
    }

    /// <summary>A walk over the batches from the last one on that the offset index knows.</summary>
    public SegmentWalk WalkFromLastEntry(BatchScanner scanner, long end, bool allowsHoleAtEnd)
    {
        long from = OffsetIndex.TryLookup(long.MaxValue, 0, out long indexedOffset, out _) ? PositionToSearch(indexedOffset, end, out indexedOffset) : 0;
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
        (long timestamp, long offset) = Largest;
        TimeIndex.AppendIfLarger(timestamp, offset);
        // What can fail comes first, so that a segment is sealed or is not.
        WriteIndexes();
        OffsetIndex.Seal();
        TimeIndex.Seal();
        TrimFile();
    }

    /// <summary>Writes the indexes anew from memory after they were rebuilt.</summary>
    public void RewriteIndexes()
    {
        (long timestamp, long offset) = Largest;
        TimeIndex.AppendIfLarger(timestamp, offset);
        OffsetIndex.Rewrite();
        TimeIndex.Rewrite();
        HasNewNames = true;
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
            StoredFile file = File;
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

    /// <summary>Cuts at the first batch that reaches to an offset or behind.</summary>
    public void TruncateTo(long offset)
    {
        long end = Size;
        // Where damage stands in the way the cut is before it: nothing behind the offset may stay.
        if (BatchSearch.Find(this, offset, end, long.MaxValue, out BatchPlace place) != Finding.Behind)
            end = place.Position;
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
        Volatile.Write(ref _isLargestCertain, false);
        // The largest timestamp behind the last entry of the time index must be found anew.
        BecomeLargest(WalkLargest(ReadLargest(), OffsetIndex.LastPosition()));
    }

    /// <summary>Renames all files of the segment; readers keep what they have open.</summary>
    public void AppendSuffix(string suffix)
    {
        foreach (string kind in (ReadOnlySpan<string>)[SegmentFiles.Log, SegmentFiles.OffsetIndex, SegmentFiles.TimeIndex, SegmentFiles.TransactionIndex])
        {
            string path = PathOf(kind);
            if (_environment.Files.FileExists(path))
                _environment.Files.Rename(path, path + suffix);
        }
    }

    /// <summary>Closes the segment and deletes its files, whose names have got a suffix or not.</summary>
    public void DeleteFiles(IFileStore files, string suffix = "")
    {
        Close();
        foreach (string kind in (ReadOnlySpan<string>)[SegmentFiles.Log, SegmentFiles.OffsetIndex, SegmentFiles.TimeIndex, SegmentFiles.TransactionIndex])
            files.Delete(PathOf(kind) + suffix);
    }

    public void Close()
    {
        CloseIndexFiles();
        TransactionIndex.Close();
        lock (_opening)
        {
            _closed = true;
            _file?.Dispose();
        }
    }

    public void Moved(string folder)
    {
        Folder = folder;
        OffsetIndex.Renamed(PathOf(SegmentFiles.OffsetIndex));
        TimeIndex.Renamed(PathOf(SegmentFiles.TimeIndex));
        TransactionIndex.Renamed(PathOf(SegmentFiles.TransactionIndex));
    }

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
        long until = end - end % WriteBehind.PieceBytes;
        if (until <= _handedOver)
            return;
        writeBehind.Written(file, _handedOver, until - _handedOver);
        _handedOver = until;
    }

    private LargestTimestamp ReadLargest()
    {
        (long timestamp, long offset) = TimeIndex.Last();
        var largest = new LargestTimestamp(timestamp, offset);
        Volatile.Write(ref _largest, largest);
        return largest;
    }

    /// <summary>The last entry is true where its batch has its time and no batch behind the last entry of the offset index has a later one.</summary>
    private LargestTimestamp CompareLargest()
    {
        LargestTimestamp told = Largest;
        // As in Kafka an empty index stands for records without timestamps.
        if (told.Timestamp < 0)
            return told;
        long size = Size;
        bool isTrue = BatchSearch.Find(this, told.Offset, size, long.MaxValue, out BatchPlace place) == Finding.Found && place.Header.MaxTimestamp == told.Timestamp;
        if (isTrue)
            isTrue = WalkLargest(told, PositionToSearch(OffsetIndex.TryLookup(long.MaxValue, 0, out long last, out _) ? last : BaseOffset, size, out _)) == told;
        LargestTimestamp largest = isTrue ? told : CertainLargest();
        if (largest.Timestamp < told.Timestamp)
        {
            // A batch that was cut off had that time, or a header is damaged: who looks for a time looks here.
            IsLargestDoubtful = true;
            _ = Interlocked.CompareExchange(ref _largest, told, largest);
            largest = told;
        }
        else if (largest.Timestamp > told.Timestamp)
        {
            IsLargestDoubtful = true;
        }
        if (IsLargestDoubtful)
            _environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, TimeIndex.Path, $"its last entry says {told.Timestamp} and the log {largest.Timestamp}"));
        Volatile.Write(ref _isLargestTrue, true);
        return largest;
    }

    private LargestTimestamp WalkLargest(LargestTimestamp largest, long position)
    {
        using var scanner = new BatchScanner(File, position, Size);
        var walk = new SegmentWalk(scanner, BaseOffset);
        while (walk.MoveNext())
        {
            if (walk.Header.MaxTimestamp > largest.Timestamp)
                largest = new LargestTimestamp(walk.Header.MaxTimestamp, walk.Header.LastOffset);
        }
        return largest;
    }

    private void BecomeCertain(LargestTimestamp largest)
    {
        BecomeLargest(largest);
        Volatile.Write(ref _isLargestCertain, true);
    }

    private void BecomeLargest(LargestTimestamp largest)
    {
        Volatile.Write(ref _largest, largest);
        Volatile.Write(ref _isLargestTrue, true);
    }

    /// <summary>What retention by time goes by: where no record has a time, when the file was written.</summary>
    public long TimeOr(LargestTimestamp largest) => largest.Timestamp >= 0 ? largest.Timestamp : _environment.Files.LastWriteMs(PathOf(SegmentFiles.Log));

    /// <summary>Makes the entries of an index that hold what cannot be from the log; the file stays as it is until the next start.</summary>
    private byte[] RebuildInMemory(SparseIndex index)
    {
        _environment.Recovery.Repaired(new LogRepair(RepairAct.IndexRebuilt, index.Path, "its entries do not grow"));
        var offsets = new OffsetIndex(_environment.Files, OffsetIndex.Path, BaseOffset);
        var times = new TimeIndex(_environment.Files, TimeIndex.Path, BaseOffset);
        var largest = new LargestTimestamp(-1, BaseOffset);
        int bytes = 0;
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
        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_file is null)
                Volatile.Write(ref _file, _environment.Files.Open(PathOf(SegmentFiles.Log), _writable ? FileOpening.ReadWrite : FileOpening.Read));
            return _file!;
        }
    }
}
