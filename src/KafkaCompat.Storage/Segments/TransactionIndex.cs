using System.Buffers.Binary;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The <c>.txnindex</c> file: the aborted transactions whose markers stand in the segment, in the order of the markers. It exists only
/// where there is one. Entries of 34 bytes: version, producer id, first and last offset, last stable offset.
/// </summary>
internal sealed class TransactionIndex(IFileStore files, string path)
{
    public const int EntryBytes = 34;

    private readonly Lock _loading = new();
    private AbortedTransaction[]? _entries;
    private StoredFile? _file;
    private bool _unsynced;

    public string Path { get; private set; } = path;

    public void Append(AbortedTransaction transaction)
    {
        AbortedTransaction[] entries = Entries();
        Span<byte> bytes = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt16BigEndian(bytes, 0);
        BinaryPrimitives.WriteInt64BigEndian(bytes[2..], transaction.ProducerId);
        BinaryPrimitives.WriteInt64BigEndian(bytes[10..], transaction.FirstOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[18..], transaction.LastOffset);
        BinaryPrimitives.WriteInt64BigEndian(bytes[26..], transaction.LastStableOffset);
        _file ??= files.Open(Path, FileOpening.OpenOrCreate);
        _file.Write((long)entries.Length * EntryBytes, bytes);
        _unsynced = true;
        Volatile.Write(ref _entries, [.. entries, transaction]);
    }

    /// <summary>The entries, read from the file at the first call.</summary>
    public AbortedTransaction[] Entries()
    {
        if (Volatile.Read(ref _entries) is { } held)
            return held;
        lock (_loading)
        {
            if (_entries is not null)
                return _entries;
            AbortedTransaction[] entries = [];
            if (TryReadFile() is { } bytes)
            {
                entries = new AbortedTransaction[bytes.Length / EntryBytes];
                for (int i = 0; i < entries.Length; i++)
                {
                    ReadOnlySpan<byte> entry = bytes.AsSpan(i * EntryBytes, EntryBytes);
                    entries[i] = new AbortedTransaction(BinaryPrimitives.ReadInt64BigEndian(entry[2..]), BinaryPrimitives.ReadInt64BigEndian(entry[10..]),
                        BinaryPrimitives.ReadInt64BigEndian(entry[18..]), BinaryPrimitives.ReadInt64BigEndian(entry[26..]));
                }
            }
            Volatile.Write(ref _entries, entries);
            return entries;
        }
    }

    /// <summary>
    /// Adds the transactions that a fetch of [from, upTo) has to know. True when no later segment can hold another one:
    /// an entry tells that everything before <paramref name="upTo"/> was decided by then.
    /// </summary>
    public bool Collect(long from, long upTo, List<AbortedTransaction> into)
    {
        foreach (AbortedTransaction entry in Entries())
        {
            if (entry.LastOffset >= from && entry.FirstOffset < upTo)
                into.Add(entry);
            if (entry.LastStableOffset >= upTo)
                return true;
        }
        return false;
    }

    /// <summary>Drops the transactions whose markers stand at an offset or behind.</summary>
    public void TruncateTo(long offset)
    {
        AbortedTransaction[] entries = Entries();
        int keep = entries.Length;
        while (keep > 0 && entries[keep - 1].LastOffset >= offset)
            keep--;
        if (keep == entries.Length)
            return;
        _file ??= files.Open(Path, FileOpening.OpenOrCreate);
        _file.SetLength((long)keep * EntryBytes);
        _unsynced = true;
        Volatile.Write(ref _entries, entries[..keep]);
    }

    /// <summary>Forgets all entries, to rebuild them.</summary>
    public void Reset()
    {
        if (files.FileExists(Path))
        {
            _file ??= files.Open(Path, FileOpening.OpenOrCreate);
            _file.SetLength(0);
            _unsynced = true;
        }
        Volatile.Write(ref _entries, []);
    }

    /// <summary>True where the file's length and the entries' versions and offsets are sound.</summary>
    public bool IsSound(long baseOffset)
    {
        if (!files.FileExists(Path))
            return true;
        byte[] bytes = files.ReadAllBytes(Path);
        if (bytes.Length % EntryBytes != 0)
            return false;
        for (int at = 0; at < bytes.Length; at += EntryBytes)
        {
            if (BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(at)) != 0 || BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at + 18)) < baseOffset)
                return false;
        }
        return true;
    }

    private byte[]? TryReadFile()
    {
        try
        {
            return files.FileExists(Path) ? files.ReadAllBytes(Path) : null;
        }
        catch (FileNotFoundException)
        {
            // Its segment was deleted between the two: nobody needs it any more.
            return null;
        }
    }

    public void Sync()
    {
        if (!_unsynced)
            return;
        // Cleared first: an append beside this sync asks for another one.
        _unsynced = false;
        _file?.Sync();
    }

    public void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    public void Renamed(string path) => Path = path;
}
