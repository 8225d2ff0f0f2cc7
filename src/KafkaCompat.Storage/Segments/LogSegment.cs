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

    /// <summary>The largest timestamp and the last offset of the batch that holds it.</summary>
    public LargestTimestamp Largest => Volatile.Read(ref _largest) ?? ReadLargest();

    /// <summary>What retention by time looks at: the largest timestamp, or when the file was written if no record has one.</summary>
    public long LargestTimestampMs => Largest.Timestamp >= 0 ? Largest.Timestamp : _environment.Files.LastWriteMs(PathOf(SegmentFiles.Log));

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
            LogLoader.DeleteFiles(environment.Files, segment, "");
            throw;
        }
        // Whoever writes to them again opens them again.
        segment.OffsetIndex.CloseFile();
        segment.TimeIndex.CloseFile();
        segment._largest = new LargestTimestamp(-1, baseOffset);
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
        _largest = new LargestTimestamp(-1, BaseOffset);
    }

    /// <summary>Ends the file where its last good batch does. With <paramref name="afterKill"/> also where its length says so: blocks may be reserved behind it.</summary>
    public void SetRecoveredSize(long size, bool afterKill)
    {
        Volatile.Write(ref _size, size);
        // After a kill nothing is known to be on the disk.
        _isUnsynced |= afterKill;
        if (!afterKill && File.Length == size)
            return;
        File.SetLength(size);
        _isUnsynced = true;
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

    /// <summary>The position of the first batch whose last offset is not before an offset; false where there is none.</summary>
    public bool TryFind(long offset, long end, out long position, out RecordBatchHeader header)
    {
        int from = OffsetIndex.Lookup(offset);
        using var scanner = new BatchScanner(File, from, end);
        bool first = true;
        while (scanner.MoveNext() || (first && from > 0))
        {
            // An index of noise can point anywhere: an entry is good where a batch stands that does not start behind the offset.
            if (first && from > 0 && (scanner.Stop != ScanStop.None || scanner.Header.BaseOffset > offset || scanner.Header.BaseOffset < BaseOffset))
            {
                from = 0;
                scanner.Restart(0);
                continue;
            }
            first = false;
            if (scanner.Header.LastOffset >= offset)
            {
                position = scanner.Position;
                header = scanner.Header;
                return true;
            }
        }
        position = end;
        header = default;
        return false;
    }

    /// <summary>Where a batch starts from which an offset is found by walking on.</summary>
    public int PositionToSearch(long offset, long end)
    {
        int from = OffsetIndex.Lookup(offset);
        return from == 0 || IsTrusted(from, offset, end) ? from : 0;
    }

    /// <summary>The last batch's next offset, searched from the last index entry; the base offset where there is no batch.</summary>
    public long FindNextOffset(out long end, out ScanStop stop, out int badLength)
    {
        long length = File.Length;
        long from = OffsetIndex.LastPosition();
        if (from > 0 && !IsTrusted(from, OffsetIndex.LastOffset(), length))
            from = 0;
        using var scanner = new BatchScanner(File, from, length);
        long next = BaseOffset;
        badLength = 0;
        while (scanner.MoveNext())
        {
            // Offsets grow, and none is before the segment's: what is appended behind such a batch would not be found again.
            if (scanner.Header.BaseOffset < next)
            {
                end = scanner.Position;
                stop = ScanStop.BadHeader;
                return next;
            }
            next = scanner.Header.NextOffset;
        }
        end = scanner.Next;
        stop = scanner.Stop;
        badLength = scanner.BadLength;
        return next;
    }

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

    /// <summary>Cuts at the first batch that reaches to an offset or behind.</summary>
    public void TruncateTo(long offset)
    {
        long end = Size;
        if (TryFind(offset, end, out long position, out _))
            end = position;
        OffsetIndex.TruncateTo(offset);
        TimeIndex.TruncateTo(offset);
        TransactionIndex.TruncateTo(offset);
        Volatile.Write(ref _size, end);
        File.SetLength(end);
        _isUnsynced = true;
        _allocated = 0;
        _handedOver = -1;
        _bytesSinceIndexEntry = 0;
        LargestTimestamp largest = ReadLargest();
        if (end == 0)
            _firstBatchTimestamp = null;
        // The largest timestamp behind the last entry of the time index must be found anew.
        using var scanner = new BatchScanner(File, OffsetIndex.LastPosition(), end);
        while (scanner.MoveNext())
        {
            if (scanner.Header.MaxTimestamp > largest.Timestamp)
                largest = new LargestTimestamp(scanner.Header.MaxTimestamp, scanner.Header.LastOffset);
        }
        Volatile.Write(ref _largest, largest);
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

    private bool IsTrusted(long position, long offset, long end)
    {
        using var scanner = new BatchScanner(File, position, end, RecordBatchHeader.Size);
        bool trusted = scanner.MoveNext() && scanner.Header.BaseOffset <= offset && scanner.Header.BaseOffset >= BaseOffset;
        return trusted;
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
