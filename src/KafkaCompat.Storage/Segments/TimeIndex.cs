using System.Buffers.Binary;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The <c>.timeindex</c> file: entries of 12 bytes, the largest timestamp so far and the last offset of the batch that holds it (relative to the segment's
/// base). Timestamps grow strictly from entry to entry, offsets do not shrink.
/// </summary>
internal sealed class TimeIndex(SegmentPlace place, string suffix = "") : SparseIndex(place, SegmentFiles.TimeIndex, suffix, EntryBytes)
{
    public const int EntryBytes = 12;

    /// <summary>Adds an entry where the timestamp is larger than the last one's.</summary>
    public void AppendIfLarger(long timestamp, long offset)
    {
        if (timestamp <= Last().Timestamp)
            return;
        var entry = AddEntry();
        BinaryPrimitives.WriteInt64BigEndian(entry, timestamp);
        BinaryPrimitives.WriteInt32BigEndian(entry[8..], (int)(offset - BaseOffset));
        PublishEntry();
    }

    /// <summary>The last entry, or no timestamp at the base offset.</summary>
    public (long Timestamp, long Offset) Last()
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return TryReadLast(entry) ? At(entry, 0) : (-1, BaseOffset);
    }

    /// <summary>The last entry that is earlier than a timestamp, or no timestamp at the base offset.</summary>
    public (long Timestamp, long Offset) Lookup(long timestamp)
    {
        var entries = Entries();
        int low = 0, high = entries.Length / EntryBytes;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(entries, middle).Timestamp < timestamp)
                low = middle + 1;
            else
                high = middle;
        }
        return low == 0 ? (RecordBatchHeader.NoTimestamp, BaseOffset) : At(entries, low - 1);
    }

    /// <summary>Drops entries of an offset and behind.</summary>
    public void TruncateTo(long offset)
    {
        var entries = Entries();
        var keep = entries.Length / EntryBytes;
        while (keep > 0 && At(entries, keep - 1).Offset >= offset)
            keep--;
        TruncateToCount(keep);
    }

    protected override int CountSound(ReadOnlySpan<byte> bytes)
    {
        long lastTimestamp = -1;
        var lastOffset = 0;
        var count = bytes.Length / EntryBytes;
        for (var i = 0; i < count; i++)
        {
            var timestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[(i * EntryBytes)..]);
            var offset = BinaryPrimitives.ReadInt32BigEndian(bytes[(i * EntryBytes + 8)..]);
            if (timestamp <= lastTimestamp || offset < lastOffset)
                return i;
            // Zeros may be an entry of their own, but followed by zeros they are preallocated room.
            if (timestamp == 0 && offset == 0 && count > 1 && BinaryPrimitives.ReadInt64BigEndian(bytes[EntryBytes..]) == 0)
                return i;
            lastTimestamp = timestamp;
            lastOffset = offset;
        }
        return count;
    }

    private (long Timestamp, long Offset) At(ReadOnlySpan<byte> entries, int index)
    {
        var entry = entries[(index * EntryBytes)..];
        return (BinaryPrimitives.ReadInt64BigEndian(entry), BaseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]));
    }
}
