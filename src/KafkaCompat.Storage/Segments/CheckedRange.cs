using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// Which bytes of a segment hold batches whose headers follow one another: those that were appended or recovered here, and those that a reader walked over before it sent
/// them. So headers that came from a disk are looked at once, and none that was written here.
/// </summary>
internal sealed class CheckedRange
{
    /// <summary>One read looks at no more than this and is cut there.</summary>
    private const long MaxWalkedBytes = 8 << 20;

    private sealed record Walked(long From, long To);

    private Walked _walked = new(0, 0);
    private long _ownFrom = long.MaxValue;

    /// <summary>What stands at a position or behind was or will be written here.</summary>
    public void OwnFrom(long position) => Volatile.Write(ref _ownFrom, position);

    /// <summary>The file was cut: what comes is not what was.</summary>
    public void CutTo(long position)
    {
        Walked walked = Volatile.Read(ref _walked);
        if (walked.To > position)
            Volatile.Write(ref _walked, new Walked(Math.Min(walked.From, position), position));
        OwnFrom(Math.Min(Volatile.Read(ref _ownFrom), position));
    }

    /// <summary>How far a region that starts with a batch that was found can reach: up to <paramref name="end"/>, or to the first batch that does not follow.</summary>
    public long EndOf(LogSegment segment, in BatchPlace first, long end, long size, long bound)
    {
        long firstEnd = first.Position + first.Header.SizeInBytes;
        Walked walked = Volatile.Read(ref _walked);
        long own = Volatile.Read(ref _ownFrom);
        long known = walked.From <= first.Position && walked.To >= firstEnd ? walked.To : firstEnd;
        if (first.Position >= own || known >= Math.Min(end, own))
            return end;
        // From the first batch again where the rest is not known to follow it: its offset is what the next one is compared with.
        long position = first.Position;
        long next = first.Header.IsLegacyWrapper ? first.Header.LastOffset : first.Header.BaseOffset;
        long lastStart = position;
        bool continued = true;
        using var scanner = new BatchScanner(segment.File, position, size);
        while (position < end && position < own && position - first.Position < MaxWalkedBytes)
        {
            if (!scanner.MoveNext())
                break;
            RecordBatchHeader header = scanner.Header;
            bool follows = header.IsLegacyWrapper ? header.LastOffset >= next : header.BaseOffset >= next;
            if (scanner.HasUnknownMagic || header.NextOffset > bound)
                break;
            if (!follows)
            {
                // The one before lies where it did not follow its own neighbour either.
                if (!continued)
                    position = Math.Max(firstEnd, lastStart);
                break;
            }
            continued = header.IsLegacyWrapper || header.BaseOffset == next;
            lastStart = scanner.Position;
            next = header.NextOffset;
            position = scanner.Next;
        }
        position = Math.Max(position, firstEnd);
        if (position >= own)
            position = long.MaxValue;
        long reached = Math.Min(position, end);
        Volatile.Write(ref _walked, walked.From <= first.Position && walked.To >= first.Position && walked.To > 0
            ? new Walked(walked.From, Math.Max(walked.To, Math.Min(position, size)))
            : new Walked(first.Position, Math.Min(position, size)));
        return reached;
    }
}
