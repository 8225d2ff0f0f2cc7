namespace KafkaCompat.Storage.Segments;

/// <summary>
/// Which bytes of a segment hold batches whose headers follow one another: those that were appended or recovered here, and those that a reader walked over
/// before it sent them. So headers that came from a disk are looked at once, and none that was written here. Readers at a few places of the segment do not know
/// of one another.
/// </summary>
internal sealed class CheckedRange
{
    /// <summary>One read looks at no more than this and is cut there.</summary>
    private const long MaxWalkedBytes = 8 << 20;

    /// <summary>How many ranges are known; where readers are at more places, that of the place longest unread is forgotten, and looked at again.</summary>
    private const int MaxRanges = 8;

    /// <summary>Where batches are small, as many bytes of them are read at once as a walk over large ones leaves out.</summary>
    private const int SmallBatchesReadBytes = 16 * BatchScanner.HeaderWalkBytes;

    /// <summary>Made by the first walk: most segments are only written, or never read.</summary>
    private Walked[]? _ranges;
    private int _count;
    private long _uses;
    private long _ownFrom = long.MaxValue;

    /// <summary>Batches that follow one another.</summary>
    /// <param name="From">Where the first one starts.</param>
    /// <param name="To">Where the last one ends.</param>
    /// <param name="NextOffset">The offset behind the last one.</param>
    /// <param name="Used">Larger for a range that was of use later.</param>
    private readonly record struct Walked(long From, long To, long NextOffset, long Used);

    /// <summary>What stands at a position or behind was or will be written here.</summary>
    public void OwnFrom(long position) => Volatile.Write(ref _ownFrom, position);

    /// <summary>The file was cut: what comes is not what was.</summary>
    public void CutTo(long position)
    {
        lock (this)
        {
            for (var i = _count - 1; i >= 0; i--)
            {
                if (_ranges![i].To > position)
                    Remove(i);
            }
        }
        OwnFrom(Math.Min(Volatile.Read(ref _ownFrom), position));
    }

    /// <summary>Whether the header of a batch was looked at already, and fits between its neighbours.</summary>
    public bool Holds(in BatchPlace batch)
    {
        if (batch.Position >= Volatile.Read(ref _ownFrom))
            return true;
        var end = batch.Position + batch.Header.SizeInBytes;
        // The last one of a range has no neighbour behind it.
        return TryFind(batch, out var range) && range.To > end && range.From <= batch.Position;
    }

    /// <summary>
    /// How far a region that starts with a batch that was found can reach: up to <paramref name="end"/>, or to the first batch that does not follow.
    /// </summary>
    public long EndOf(LogSegment segment, in BatchPlace first, long end, long size, long bound)
    {
        var own = Volatile.Read(ref _ownFrom);
        if (first.Position >= own)
            return end;
        var alone = new Walked(first.Position, first.Position + first.Header.SizeInBytes, first.Header.NextOffset, 0);
        var isKnown = TryFind(first, out var known);
        if (!isKnown)
            known = alone;
        if (known.To >= Math.Min(end, own))
            return end;
        var bufferBytes = first.Header.SizeInBytes < BatchScanner.HeaderWalkBytes ? SmallBatchesReadBytes : BatchScanner.HeaderWalkBytes;
        using var scanner = new BatchScanner(segment.File, known.To, size, bufferBytes);
        var until = Math.Min(Math.Min(end, own), known.To + MaxWalkedBytes);
        var walked = Walk(scanner, known, until, bound, out var isLastDoubtful);
        if (isLastDoubtful && isKnown)
        {
            // Whether the last of the known ones followed its own neighbour is not known any more.
            Forget(first.Position);
            scanner.Restart(alone.To);
            walked = Walk(scanner, alone, until, bound, out _);
        }
        var reachesOwn = walked.To >= own;
        Remember(reachesOwn ? walked with { To = size } : walked);
        return reachesOwn ? end : Math.Min(walked.To, end);
    }

    /// <summary>
    /// Goes on from where a range ends, over the batches that start before a position. A batch behind a hole is believed when the next one follows it.
    /// </summary>
    private static Walked Walk(BatchScanner scanner, Walked known, long until, long bound, out bool isLastDoubtful)
    {
        Walked start = known, before = known;
        var continued = true;
        isLastDoubtful = false;
        while ((known.To < until || (!continued && before.To < until)) && scanner.MoveNext())
        {
            var header = scanner.Header;
            if (scanner.HasUnknownMagic || header.NextOffset > bound)
                break;
            if (header.IsLegacyWrapper ? header.LastOffset < known.NextOffset : header.BaseOffset < known.NextOffset)
            {
                isLastDoubtful = known == start;
                return continued ? known : before;
            }
            continued = header.IsLegacyWrapper || header.BaseOffset == known.NextOffset;
            before = known;
            known = known with { To = scanner.Next, NextOffset = header.NextOffset };
        }
        return known;
    }

    /// <summary>The range that holds the whole of a batch, or that it goes on from.</summary>
    private bool TryFind(in BatchPlace batch, out Walked found)
    {
        found = default;
        if (Volatile.Read(ref _ranges) is not { } ranges)
            return false;
        var header = batch.Header;
        var end = batch.Position + header.SizeInBytes;
        lock (this)
        {
            for (var i = 0; i < _count; i++)
            {
                var range = ranges[i];
                var continues = range.To == batch.Position && !header.IsLegacyWrapper && header.BaseOffset == range.NextOffset;
                if (range.From > batch.Position || (range.To < end && !continues))
                    continue;
                ranges[i] = range with { Used = ++_uses };
                found = continues ? range with { To = end, NextOffset = header.NextOffset } : range;
                return true;
            }
        }
        return false;
    }

    private void Remember(Walked walked)
    {
        lock (this)
        {
            var ranges = _ranges ?? new Walked[MaxRanges];
            Volatile.Write(ref _ranges, ranges);
            for (var i = _count - 1; i >= 0; i--)
            {
                var other = ranges[i];
                // Two that share a batch, or one of which was gone on from, are one.
                if (other.From >= walked.To || walked.From >= other.To)
                    continue;
                walked = new Walked(Math.Min(walked.From, other.From), Math.Max(walked.To, other.To), other.To > walked.To
                    ? other.NextOffset
                    : walked.NextOffset, 0);
                Remove(i);
            }
            if (_count == MaxRanges)
            {
                var oldest = 0;
                for (var i = 1; i < _count; i++)
                {
                    if (ranges[i].Used < ranges[oldest].Used)
                        oldest = i;
                }
                Remove(oldest);
            }
            ranges[_count++] = walked with { Used = ++_uses };
        }
    }

    private void Forget(long position)
    {
        lock (this)
        {
            for (var i = _count - 1; i >= 0; i--)
            {
                if (_ranges![i].From <= position && position < _ranges[i].To)
                    Remove(i);
            }
        }
    }

    private void Remove(int index) => _ranges![index] = _ranges[--_count];
}
