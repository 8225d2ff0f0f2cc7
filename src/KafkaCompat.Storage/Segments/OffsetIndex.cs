using System.Buffers.Binary;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// The <c>.index</c> file: entries of 8 bytes, the last offset of a batch (relative to the segment's base) and the position where that batch starts.
/// Both grow strictly from entry to entry.
/// </summary>
internal sealed class OffsetIndex(SegmentPlace place, string suffix = "") : SparseIndex(place, SegmentFiles.OffsetIndex, suffix, EntryBytes)
{
    public const int EntryBytes = 8;

    public void Append(long offset, int position)
    {
        // The first batch of a segment never has an entry: a position of 0 is preallocated room.
        Invariant.Holds(position > 0, $"{Path}: an entry for offset {offset} is to point to {position}");
        var entry = AddEntry();
        BinaryPrimitives.WriteInt32BigEndian(entry, (int)(offset - BaseOffset));
        BinaryPrimitives.WriteInt32BigEndian(entry[4..], position);
        PublishEntry();
    }

    /// <summary>The last entry that is not behind an offset, or one so many before it; false where there is none.</summary>
    public bool TryLookup(long offset, int back, out long indexedOffset, out int position)
    {
        var entries = Entries();
        var index = Floor(entries, offset) - back;
        var found = index >= 0;
        indexedOffset = found ? OffsetAt(entries, index) : BaseOffset;
        position = found ? PositionAt(entries, index) : 0;
        return found;
    }

    /// <summary>
    /// The offset of an entry whose batch starts behind a position: of the second one, so that no single wrong entry makes it one that is not.
    /// </summary>
    public bool TryUpperBound(long position, out long offset)
    {
        var entries = Entries();
        int low = 0, high = entries.Length / EntryBytes;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (PositionAt(entries, middle) < position)
                low = middle + 1;
            else
                high = middle;
        }
        var found = low + 1 < entries.Length / EntryBytes;
        offset = found ? OffsetAt(entries, low + 1) : -1;
        return found;
    }

    /// <summary>The position of the last entry, or 0.</summary>
    public int LastPosition()
    {
        var entries = Entries();
        return entries.IsEmpty ? 0 : PositionAt(entries, entries.Length / EntryBytes - 1);
    }

    /// <summary>Drops entries of an offset and behind.</summary>
    public void TruncateTo(long offset)
    {
        var entries = Entries();
        var floor = Floor(entries, offset);
        var keep = floor < 0 ? 0 : OffsetAt(entries, floor) == offset ? floor : floor + 1;
        TruncateToCount(keep);
    }

    protected override int CountSound(ReadOnlySpan<byte> bytes)
    {
        int lastOffset = 0, lastPosition = 0;
        var count = bytes.Length / EntryBytes;
        for (var i = 0; i < count; i++)
        {
            var offset = BinaryPrimitives.ReadInt32BigEndian(bytes[(i * EntryBytes)..]);
            var position = BinaryPrimitives.ReadInt32BigEndian(bytes[(i * EntryBytes + 4)..]);
            // The first batch of a segment never has an entry: a position of 0 is preallocated room.
            if (position <= lastPosition || offset < lastOffset || (i > 0 && offset == lastOffset))
                return i;
            lastOffset = offset;
            lastPosition = position;
        }
        return count;
    }

    private int Floor(ReadOnlySpan<byte> entries, long offset)
    {
        int low = 0, high = entries.Length / EntryBytes;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (OffsetAt(entries, middle) <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    private long OffsetAt(ReadOnlySpan<byte> entries, int index) => BaseOffset + BinaryPrimitives.ReadInt32BigEndian(entries[(index * EntryBytes)..]);

    /// <summary>The position of an entry; one that is noise can be negative, which is nowhere: the segment is walked from its start.</summary>
    private static int PositionAt(ReadOnlySpan<byte> entries, int index) =>
        Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(entries[(index * EntryBytes + 4)..]));
}
