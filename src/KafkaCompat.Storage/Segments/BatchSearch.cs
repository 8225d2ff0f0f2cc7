using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>What a search for an offset in a segment ended with.</summary>
internal enum Finding
{
    /// <summary>The batch that holds the offset, or the first one behind it where none holds it.</summary>
    Found,

    /// <summary>All of the segment's batches are before the offset.</summary>
    Behind,

    /// <summary>The offset may stand where no batch can be read.</summary>
    Damaged,
}

/// <summary>Where a search ended.</summary>
/// <param name="Position">Of the batch, or of the damage.</param>
/// <param name="Header">The batch's header.</param>
/// <param name="Why">What is wrong with the damage.</param>
internal readonly record struct BatchPlace(long Position, RecordBatchHeader Header, ScanStop Why);

/// <summary>
/// Finds the batch of an offset in a segment, through the offset index and then by headers. No checksum covers where a batch says that it stands, and none is
/// compared for what is read; so a batch is believed where it fits between its neighbours, and an offset is only said to be absent where the batch before it is
/// sound.
/// </summary>
internal ref struct BatchSearch
{
    /// <summary>How many entries of a damaged index are tried before the segment is walked from its start.</summary>
    private const int MaxIndexEntriesTried = 8;

    /// <summary>How far behind damage the next sound batch is looked for. Whoever reads waits for it, and asks again.</summary>
    private const long MaxResyncBytes = 8 << 20;

    private readonly LogSegment _segment;
    private readonly long _offset;
    private readonly long _bound;
    private readonly BatchScanner _scanner;
    private BatchPlace _damage;
    private bool _isSuspicious;

    /// <summary>The offset behind the batch before, and -1 where that is not known.</summary>
    private long _previousNext;
    private long _previousPosition;

    private BatchSearch(LogSegment segment, BatchScanner scanner, long offset, long bound)
    {
        _segment = segment;
        _scanner = scanner;
        _offset = offset;
        _bound = bound;
        _previousPosition = -1;
    }

    /// <summary>Looks for an offset before a position, where a batch ends; the segment's batches are before the offset <paramref name="bound"/>.</summary>
    public static Finding Find(LogSegment segment, long offset, long end, long bound, out BatchPlace place)
    {
        using var scanner = new BatchScanner(segment.File, 0, end);
        return new BatchSearch(segment, scanner, offset, bound).Find(end, out place);
    }

    private Finding Find(long end, out BatchPlace place)
    {
        var isIndexed = StartAt(end, out var indexedOffset);
        _previousNext = isIndexed ? -1 : _segment.BaseOffset;
        while (true)
        {
            if (!_scanner.MoveNext())
            {
                if (_scanner.Stop == ScanStop.End)
                    break;
                Suspect(_scanner.StoppedAt, _scanner.Stop);
                if (!GoesOnBehind(_scanner.StoppedAt))
                    return Ended(out place);
                (_previousNext, _previousPosition) = (-1, -1);
            }
            var header = _scanner.Header;
            var first = FirstOffset(header);
            // A magic that was changed into an old one is found out by the checksum, which does not cover it.
            if (header.Magic < RecordBatchHeader.CurrentMagic && !_scanner.HasUnknownMagic)
                _ = _scanner.IsSound();
            if (_scanner.HasUnknownMagic)
                Suspect(_scanner.Position, ScanStop.UnknownMagic);
            else if (_previousNext >= 0 && first < _previousNext)
                Suspect(_scanner.Position, ScanStop.BadOffset);
            place = new BatchPlace(_scanner.Position, header, ScanStop.None);
            // What was written here, or looked at by an earlier reader, needs no look at the neighbour behind it where that would be a read of its own. The
            // disk may have changed it since.
            var continues = _previousNext < 0 || first == _previousNext;
            if (header.LastOffset >= _offset && !_scanner.HasUnknownMagic
                && ((continues && _segment.IsChecked(place) && !IsContradicted(header))
                    || IsBelieved(header, first, isIndexed && header.LastOffset == indexedOffset)))
            {
                if (first <= _offset)
                    return Finding.Found;
                // The index says that the offset is there.
                if (isIndexed && indexedOffset == _offset)
                    Suspect(_scanner.Position, ScanStop.BadOffset);
                return IsAbsent() ? Finding.Found : Ended(out place);
            }
            if (header.LastOffset >= _offset)
                Suspect(_scanner.Position, ScanStop.BadOffset);
            if ((_scanner.HasUnknownMagic || first < _previousNext || header.LastOffset >= _offset) && WentAstray())
                continue;
            _previousNext = header.NextOffset;
            _previousPosition = _scanner.Position;
        }
        place = new BatchPlace(end, default, ScanStop.None);
        // The index knows an offset that no batch holds.
        if (isIndexed && indexedOffset >= _previousNext)
            Suspect(Math.Max(0, _previousPosition), ScanStop.BadOffset);
        return IsAbsent() ? Finding.Behind : Ended(out place);
    }

    /// <summary>Goes to the last entry of the index that is not behind the offset and is true of the log.</summary>
    private bool StartAt(long end, out long indexedOffset)
    {
        for (var back = 0; back < MaxIndexEntriesTried && _segment.OffsetIndex.TryLookup(_offset, back, out indexedOffset, out var position); back++)
        {
            _scanner.Restart(position);
            var isTrue = position < end && _scanner.MoveNext() && _scanner.Header.LastOffset <= indexedOffset
                && _scanner.Header.BaseOffset >= _segment.BaseOffset;
            _scanner.Restart(position);
            if (isTrue)
                return true;
            // Who is wrong, the index or the log, is not known yet.
            Suspect(position, ScanStop.BadOffset);
        }
        indexedOffset = -1;
        _scanner.Restart(0);
        return false;
    }

    /// <summary>
    /// Goes on with the next sound batch behind a stop. It is looked for from the batch before on where that is not known to be sound. A batch that is too
    /// large to be looked at may be sound all the same, and is larger than what is looked through: then nothing is found in it, and the look begins again at
    /// the stop.
    /// </summary>
    private readonly bool GoesOnBehind(long stop)
    {
        var behind = LastSound(stop);
        return TryResync(behind) || (behind < stop && TryResync(stop));
    }

    private readonly bool TryResync(long behind) => _scanner.TryResync(behind, _segment.BaseOffset, long.MaxValue, MaxResyncBytes);

    /// <summary>
    /// Where the bytes begin that a walk to a position cannot go by: at the batch before, unless that is sound. Its length may be what the disk changed, and
    /// lead past batches. One of more than <see cref="MaxResyncBytes"/> is not read to tell.
    /// </summary>
    private readonly long LastSound(long position)
    {
        if (_previousPosition < 0)
            return position;
        _scanner.Restart(_previousPosition);
        var isSound = _scanner.MoveNext() && _scanner.Header.SizeInBytes <= MaxResyncBytes && _scanner.IsSound();
        _scanner.Restart(position);
        return isSound ? position : _previousPosition;
    }

    /// <summary>Whether a wrong length has led the walk to where it is. Then it stands before the first sound batch behind that length.</summary>
    private bool WentAstray()
    {
        var position = _scanner.Position;
        var behind = LastSound(position);
        if (behind < position && TryResync(behind))
        {
            _scanner.Restart(_scanner.Position);
            (_previousNext, _previousPosition) = (-1, -1);
            return true;
        }
        _scanner.Restart(position);
        _ = _scanner.MoveNext();
        return false;
    }

    /// <summary>Whether what is known without another read says that a batch ends before the offset that it names.</summary>
    private readonly bool IsContradicted(in RecordBatchHeader header) => header.NextOffset > _bound
        || (_scanner.TryPeekRead(out var following) && !following.IsLegacyWrapper && following.BaseOffset < header.NextOffset);

    /// <summary>Whether a batch fits between its neighbours. Where it overlaps one of them it has to go on where the other one ends, and to be sound.</summary>
    private readonly bool IsBelieved(in RecordBatchHeader header, long first, bool isIndexed)
    {
        var overlaps = _previousNext >= 0 && first < _previousNext;
        var continues = isIndexed || first == _previousNext;
        var next = header.NextOffset;
        if (_scanner.IsAtEnd)
        {
            overlaps |= next > _bound;
            continues |= next == _bound;
        }
        else if (_scanner.TryPeek(out var following))
        {
            var meets = following.IsLegacyWrapper ? following.LastOffset >= next : following.BaseOffset == next;
            overlaps |= !meets && (following.IsLegacyWrapper ? following.LastOffset : following.BaseOffset) < next;
            continues |= meets;
        }
        else
        {
            return !overlaps && _scanner.IsSound();
        }
        return !overlaps || (continues && _scanner.IsSound());
    }

    /// <summary>Whether no batch can have held the offset: nothing was suspicious, and the batch before says truly where it ends.</summary>
    private bool IsAbsent()
    {
        if (_isSuspicious)
            return false;
        if (_previousPosition < 0)
            return true;
        _scanner.Restart(_previousPosition);
        if (_scanner.MoveNext() && _scanner.IsSound())
            return true;
        Suspect(_previousPosition, ScanStop.BadChecksum);
        return false;
    }

    private readonly long FirstOffset(in RecordBatchHeader header) => !header.IsLegacyWrapper ? header.BaseOffset
        : Math.Min(header.LastOffset, _previousNext < 0 ? _offset : _previousNext);

    private void Suspect(long position, ScanStop why)
    {
        if (!_isSuspicious)
            _damage = new BatchPlace(position, default, why);
        _isSuspicious = true;
    }

    private readonly Finding Ended(out BatchPlace place)
    {
        place = _damage;
        return Finding.Damaged;
    }
}
