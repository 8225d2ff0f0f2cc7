using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The <c>.txnindex</c> file: the aborted transactions whose markers stand in the segment, in the order of the markers. It exists only
/// where there is one. Its entries are all of one size: a version and an <see cref="AbortedTxn"/>.
/// </summary>
internal sealed class TransactionIndex(SegmentPlace place, string suffix = "") : IndexFile(place, SegmentFiles.TransactionIndex, suffix)
{
    private static readonly int EntryBytes = sizeof(short) + new AbortedTxn().GetSize(AbortedTxn.MaxVersion);

    private AbortedTransaction[]? _entries;

    public void Append(AbortedTransaction transaction)
    {
        var entries = Entries();
        var bytes = new ArrayBufferWriter<byte>(EntryBytes);
        var writer = new WireWriter(bytes);
        var entry = new AbortedTxn
        {
            ProducerId = transaction.ProducerId,
            FirstOffset = transaction.FirstOffset,
            LastOffset = transaction.LastOffset,
            LastStableOffset = transaction.LastStableOffset,
        };
        RecordSchemas.WriteVersioned(ref writer, entry, AbortedTxn.MaxVersion);
        writer.Flush();
        OpenForWriting().Write((long)entries.Length * EntryBytes, bytes.WrittenSpan);
        Written();
        Volatile.Write(ref _entries, [.. entries, transaction]);
    }

    /// <summary>The entries, read from the file at the first call.</summary>
    public AbortedTransaction[] Entries()
    {
        if (Volatile.Read(ref _entries) is { } held)
            return held;
        lock (this)
        {
            if (_entries is not null)
                return _entries;
            AbortedTransaction[] entries = [];
            if (TryReadFile() is { } bytes)
            {
                try
                {
                    entries = Decode(bytes);
                }
                catch (WireFormatException damaged)
                {
                    // The log was opened with a sound index: the file has changed underneath.
                    throw new KafkaStorageException($"{Path} holds a damaged entry: {damaged.Message}.", damaged);
                }
            }
            Volatile.Write(ref _entries, entries);
            return entries;
        }
    }

    /// <summary>
    /// Adds the transactions that a fetch of [from, upTo) has to know. Entries say up to where all was decided when they were written, which would tell that no
    /// later segment has to be asked; but nothing in the log says that this is true.
    /// </summary>
    public void Collect(long from, long upTo, List<AbortedTransaction> into)
    {
        foreach (var entry in Entries())
        {
            if (entry.LastOffset >= from && entry.FirstOffset < upTo)
                into.Add(entry);
        }
    }

    /// <summary>Drops the transactions whose markers stand at an offset or behind.</summary>
    public void TruncateTo(long offset)
    {
        var entries = Entries();
        var keep = entries.Length;
        while (keep > 0 && entries[keep - 1].LastOffset >= offset)
            keep--;
        if (keep == entries.Length)
            return;
        OpenForWriting().SetLength((long)keep * EntryBytes);
        Written();
        Volatile.Write(ref _entries, entries[..keep]);
    }

    /// <summary>Forgets all entries, to rebuild them.</summary>
    public void Reset()
    {
        if (Name.Exists())
        {
            OpenForWriting().SetLength(0);
            Written();
        }
        Volatile.Write(ref _entries, []);
    }

    /// <summary>
    /// Whether the file is what a log writes: whole entries of a known version, with markers in the segment and in their order. The log says the rest, and is
    /// asked with
    /// <paramref name="areTrue"/> where there are any.
    /// </summary>
    public bool IsSound(long baseOffset, Func<AbortedTransaction[], bool>? areTrue = null)
    {
        if (TryReadFile() is not { } bytes)
            return true;
        if (bytes.Length % EntryBytes != 0)
            return false;
        try
        {
            var marker = baseOffset - 1;
            var entries = Decode(bytes);
            foreach (var entry in entries)
            {
                if (entry.LastOffset <= marker || entry.FirstOffset > entry.LastOffset || entry.LastStableOffset > entry.LastOffset + 1)
                    return false;
                marker = entry.LastOffset;
            }
            return entries.Length == 0 || areTrue?.Invoke(entries) != false;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    /// <summary>The whole entries of a file. One of another version throws <see cref="WireFormatException"/>.</summary>
    private static AbortedTransaction[] Decode(byte[] bytes)
    {
        var entries = new AbortedTransaction[bytes.Length / EntryBytes];
        for (var i = 0; i < entries.Length; i++)
        {
            var reader = new WireReader(bytes.AsMemory(i * EntryBytes, EntryBytes));
            var entry = AbortedTxn.Read(ref reader, reader.ReadInt16());
            entries[i] = new AbortedTransaction(entry.ProducerId, entry.FirstOffset, entry.LastOffset, entry.LastStableOffset);
        }
        return entries;
    }

    private byte[]? TryReadFile()
    {
        using var file = Name.TryOpen();
        return file?.ReadAllBytes();
    }
}
