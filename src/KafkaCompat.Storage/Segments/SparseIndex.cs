using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The entries of an index file, in Kafka's format, in memory. The active segment's entries are held and appended to; they reach
/// the file in <see cref="WritePending"/>, before a sync, a roll or a close, because after a crash indexes behind the recovery
/// point are rebuilt anyway. A sealed segment's entries are read when somebody asks and held as long as memory allows.
/// </summary>
/// <remarks>One writer, readers without a lock: a reader takes the count first and the array then, the writer publishes them in the other order.</remarks>
internal abstract class SparseIndex : IndexFile
{
    private const int FirstCapacityEntries = 16;

    private readonly int _entryBytes;
    private byte[]? _entries;
    private WeakReference<byte[]>? _sealed;
    private byte[]? _rebuilt;
    private int _count;
    private int _written;
    private bool _hasExcess;

    protected SparseIndex(SegmentPlace place, string kind, string suffix, int entryBytes) : base(place, kind, suffix)
    {
        BaseOffset = place.BaseOffset;
        _entryBytes = entryBytes;
    }

    /// <summary>Has the entries made from its log where the file of a sealed segment holds what no index can.</summary>
    public LogSegment? Owner { get; init; }

    public int Count => Volatile.Read(ref _count);

    public long SizeInBytes => (long)Count * _entryBytes;

    protected long BaseOffset { get; }

    /// <summary>
    /// Takes the number of entries from the file without reading them: for sealed segments of a log that is trusted. False where the length is no multiple of
    /// an entry.
    /// </summary>
    public bool OpenSealed(long fileLength)
    {
        if (fileLength % _entryBytes != 0)
            return false;
        _count = (int)(fileLength / _entryBytes);
        _written = _count;
        _entries = null;
        _sealed = null;
        return true;
    }

    /// <summary>As <see cref="OpenActive"/>, where <see cref="OpenSealed"/> has found that the file is empty.</summary>
    public void OpenEmpty() => Volatile.Write(ref _entries, []);

    /// <summary>Reads the entries into memory to append to them; a preallocated tail of zeros is left out. False where something else is wrong.</summary>
    public bool OpenActive()
    {
        byte[] bytes = [];
        if (Name.TryOpen() is { } opened)
        {
            using (opened)
                bytes = opened.ReadAllBytes();
        }
        var count = CountSound(bytes);
        Volatile.Write(ref _entries, bytes);
        Volatile.Write(ref _count, count);
        _written = count;
        // The file may be longer than what is sound in it: the next write cuts it.
        _hasExcess = bytes.Length != count * _entryBytes;
        return !bytes.AsSpan(count * _entryBytes).ContainsAnyExcept((byte)0);
    }

    /// <summary>Forgets all entries, to rebuild them.</summary>
    public void Reset() => TruncateToCount(0);

    public void WritePending()
    {
        var entries = _entries;
        var count = _count;
        if (entries is null || (_written == count && !_hasExcess))
            return;
        Invariant.Holds(_written <= count && count * _entryBytes <= entries.Length,
            $"{Path}: {_written} of {count} entries are written, of {entries.Length} bytes");
        var file = OpenForWriting();
        file.Write((long)_written * _entryBytes, entries.AsSpan(_written * _entryBytes, (count - _written) * _entryBytes));
        if (file.Length != (long)count * _entryBytes)
            file.SetLength((long)count * _entryBytes);
        Written();
        _written = count;
        _hasExcess = false;
    }

    /// <summary>Rewrites the file from what memory holds, whatever the file held.</summary>
    public void Rewrite()
    {
        EnsureInMemory();
        // Not cut to nothing first: ext4 waits for the bytes of such a file when it is closed, and recovery closes thousands.
        _hasExcess = OpenForWriting().Length > 0;
        _written = 0;
        WritePending();
    }

    /// <summary>The segment takes no more appends: writes what is pending and lets go of the memory and the file.</summary>
    public void Seal()
    {
        WritePending();
        if (_entries is { } entries)
            Hold(entries);
        Volatile.Write(ref _entries, null);
    }

    protected abstract int CountSound(ReadOnlySpan<byte> bytes);

    protected void TruncateToCount(int count)
    {
        EnsureInMemory();
        Invariant.Holds(count <= _count, $"{Path}: {_count} entries are to be cut to {count}");
        Volatile.Write(ref _count, count);
        _hasExcess |= _written > count;
        _written = Math.Min(_written, count);
    }

    protected Span<byte> AddEntry()
    {
        EnsureInMemory();
        var entries = _entries!;
        var end = (_count + 1) * _entryBytes;
        if (end > entries.Length)
        {
            var larger = new byte[Math.Max(end, Math.Max(entries.Length * 2, FirstCapacityEntries * _entryBytes))];
            entries.CopyTo(larger, 0);
            Volatile.Write(ref _entries, entries = larger);
        }
        return entries.AsSpan(_count * _entryBytes, _entryBytes);
    }

    protected void PublishEntry() => Volatile.Write(ref _count, _count + 1);

    public byte[] ToArray() => Entries().ToArray();

    /// <summary>All entries as bytes in Kafka's format.</summary>
    protected ReadOnlySpan<byte> Entries()
    {
        var count = Count;
        if (count == 0)
            return [];
        var entries = Volatile.Read(ref _entries) ?? LoadSealed();
        // Entries that were made from the log can be more than the file has.
        return entries.AsSpan(0, Math.Min(Count, entries.Length / _entryBytes) * _entryBytes);
    }

    /// <summary>
    /// The last entry alone: what is asked of every old segment is not worth reading its whole index for. The first one shows whether it can be true.
    /// </summary>
    protected bool TryReadLast(Span<byte> entry)
    {
        if (Count == 0)
            return false;
        var entries = Volatile.Read(ref _entries);
        if (entries is null && Volatile.Read(ref _sealed)?.TryGetTarget(out entries) != true)
        {
            Span<byte> ends = stackalloc byte[2 * _entryBytes];
            using (var file = Name.Open(FileOpening.Read))
            {
                var read = file.Read(0, ends[.._entryBytes]) == _entryBytes && file.Read((long)(Count - 1) * _entryBytes, ends[_entryBytes..]) == _entryBytes;
                if (read && CountSound(Count == 1 ? ends[.._entryBytes] : ends) == Math.Min(Count, 2))
                {
                    ends[_entryBytes..].CopyTo(entry);
                    return true;
                }
            }
            entries = LoadSealed();
        }
        if (Count == 0)
            return false;
        entries.AsSpan((Count - 1) * _entryBytes, _entryBytes).CopyTo(entry);
        return true;
    }

    private void EnsureInMemory()
    {
        if (_entries is null)
            Volatile.Write(ref _entries, _count == 0 ? [] : LoadSealed());
    }

    private byte[] LoadSealed()
    {
        if (Volatile.Read(ref _sealed)?.TryGetTarget(out var held) == true)
            return held;
        lock (this)
        {
            byte[] bytes;
            using (var file = Name.Open(FileOpening.Read))
                bytes = file.ReadAllBytes();
            if (Owner is { } owner && (bytes.Length != SizeInBytes || CountSound(bytes) != Count))
            {
                bytes = owner.RebuildInMemory(this);
                // Held for good: it is dear to make. The count comes last, as with an entry that is added.
                Volatile.Write(ref _rebuilt, bytes);
                Volatile.Write(ref _sealed, new WeakReference<byte[]>(bytes));
                Volatile.Write(ref _count, bytes.Length / _entryBytes);
                return bytes;
            }
            Hold(bytes);
            return bytes;
        }
    }

    /// <summary>Keeps the entries for as long as there is memory for them, where that may decide whether the file is read again.</summary>
    private void Hold(byte[] entries)
    {
        if (Name.Files.HoldsWhileMemoryLasts)
            Volatile.Write(ref _sealed, new WeakReference<byte[]>(entries));
    }
}
