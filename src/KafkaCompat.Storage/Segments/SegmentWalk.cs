using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>Bytes of a segment that are no batch of the log, with sound ones behind them.</summary>
/// <param name="Position">Where they start.</param>
/// <param name="Length">How many they are.</param>
/// <param name="FromOffset">The first offset that may have stood there.</param>
/// <param name="ToOffset">The first offset behind them.</param>
/// <param name="Why">What is wrong with the first one.</param>
internal readonly record struct DamagedRange(long Position, long Length, long FromOffset, long ToOffset, ScanStop Why);

/// <summary>
/// Follows the batches of a segment from one whose offset is known to the end. Offsets grow; a batch whose own offset contradicts both neighbours is not
/// believed, since no checksum covers it. What cannot be read is left out and reported where sound batches follow, and ends the walk where none do.
/// </summary>
internal sealed class SegmentWalk(BatchScanner scanner, long nextOffset)
{
    private List<DamagedRange>? _damage;

    /// <summary>Of the segment. Offsets that are further behind it than the segment's indexes could tell are not believed.</summary>
    public long BaseOffset { get; init; } = nextOffset;

    /// <summary>Reads every batch whole and compares its checksum.</summary>
    public bool ChecksChecksums { get; init; }

    /// <summary>
    /// Damage before this offset is left out where sound batches follow that reach this offset or the end: the bytes were on the disk once. Behind it damage
    /// ends the walk, as a write that did not end does.
    /// </summary>
    public long KeepsBefore { get; init; } = long.MaxValue;

    /// <summary>No batch reaches to this offset: the next segment starts there, or the log ends.</summary>
    public long Bound { get; init; } = long.MaxValue;

    /// <summary>
    /// Whether the last batch may start behind the one before it ends, where there is no other hole: nothing in it or behind it says that its offset is right.
    /// </summary>
    public bool AllowsHoleAtEnd { get; init; } = true;

    public RecordBatchHeader Header => scanner.Header;

    public long Position => scanner.Position;

    /// <summary>The offset behind the last batch that was believed.</summary>
    public long NextOffset { get; private set; } = nextOffset;

    /// <summary>As <see cref="NextOffset"/>, or the offset behind damage that reaches to the end.</summary>
    public long ReachedOffset => _damage is [.., DamagedRange last] && last.Position + last.Length == End ? Math.Max(NextOffset, last.ToOffset) : NextOffset;

    /// <summary>The offset behind the batch before that one.</summary>
    public long PreviousNextOffset { get; private set; } = nextOffset;

    /// <summary>Whether the last batch that was believed starts behind the one before it ends.</summary>
    public bool LastFollowsHole { get; private set; }

    /// <summary>Offsets are absent: compaction has been here, whatever the topic's policy is now.</summary>
    public bool HasHoles { get; private set; }

    /// <summary>Why the walk ended.</summary>
    public ScanStop Stop { get; private set; }

    /// <summary>Where it ended: all before is to be kept.</summary>
    public long End { get; private set; }

    public IReadOnlyList<DamagedRange> Damage => _damage ?? [];

    public bool MoveNext()
    {
        while (Stop == ScanStop.None)
        {
            if (!scanner.MoveNext() || (ChecksChecksums && !scanner.CheckChecksum()))
            {
                if (scanner.Stop == ScanStop.End)
                    return Halt(ScanStop.End, scanner.Next);
                var at = scanner.StoppedAt;
                var why = scanner.Stop;
                if (NextOffset >= KeepsBefore || !scanner.TryResync(NextOffset, KeepsBefore, long.MaxValue))
                    return Halt(why, at);
                LeaveOut(at, scanner.Position - at, FirstOffset(), why);
            }
            switch (Judge())
            {
                case ScanStop.None:
                    LastFollowsHole = FirstOffset() > NextOffset && FirstOffset() != DamageEndOffset;
                    HasHoles |= Header.IsLegacyWrapper || LastFollowsHole || Header.RecordCount <= Header.LastOffsetDelta;
                    PreviousNextOffset = NextOffset;
                    NextOffset = Header.NextOffset;
                    return true;
                case ScanStop.UnknownMagic when scanner.IsSound():
                    LeaveOut(Position, Header.SizeInBytes, Header.NextOffset, ScanStop.UnknownMagic);
                    NextOffset = Math.Max(NextOffset, Header.NextOffset);
                    break;
                case ScanStop.End:
                    // The last one of all.
                    return Halt(ScanStop.BadOffset, Position);
                case ScanStop why when NextOffset >= KeepsBefore && Position > 0:
                    // A sector's end within its offset: the write did not end. No sector ends so in a file's first batch, which is another's.
                    return Halt(why, Position);
                case ScanStop why:
                    LeaveOut(Position, Header.SizeInBytes, Math.Max(NextOffset, Following()?.BaseOffset ?? (Bound < long.MaxValue ? Bound : NextOffset)), why);
                    break;
            }
        }
        return false;
    }

    /// <summary>All bytes of the current batch, valid until the next call.</summary>
    public ReadOnlyMemory<byte> ReadBatch() => scanner.ReadBatch();

    /// <summary>Whether the current batch can be believed; <see cref="ScanStop.End"/> where it cannot and is the last.</summary>
    private ScanStop Judge()
    {
        var first = FirstOffset();
        // What is judged by its neighbours here has to be judged so by the next start, which may have no segment behind this one to compare with.
        var isElsewhere = first < NextOffset || Header.LastOffset - BaseOffset > int.MaxValue;
        if (scanner.HasUnknownMagic && !isElsewhere)
            return ScanStop.UnknownMagic;
        // A batch that goes on where the last one ended, and is sound, is believed whatever follows it.
        if (ChecksChecksums && first == NextOffset)
            return ScanStop.None;
        if (Header.NextOffset > Bound && (first > NextOffset || !scanner.IsSound()))
            return ScanStop.BadOffset;
        var following = Following();
        if (isElsewhere)
            return following is null && scanner.IsAtEnd && Bound == long.MaxValue ? ScanStop.End : ScanStop.BadOffset;
        if (following is not { } next)
            return first > NextOffset && first != DamageEndOffset && !AllowsHoleAtEnd && !HasHoles && scanner.IsAtEnd ? ScanStop.End : ScanStop.None;
        var overlaps = (next.IsLegacyWrapper ? next.LastOffset : next.BaseOffset) < Header.NextOffset && next.LastOffset >= NextOffset;
        if (!overlaps)
            return ScanStop.None;
        // One of the two lies. The one that goes on where the last one ended, and whose checksum is right, does not.
        return first == NextOffset && scanner.IsSound() ? ScanStop.None : ScanStop.BadOffset;
    }

    private long DamageEndOffset => _damage is [.., DamagedRange last] ? last.ToOffset : -1;

    private RecordBatchHeader? Following() => scanner.TryPeek(out var following) ? following : null;

    private long FirstOffset() => Header.IsLegacyWrapper ? Math.Min(NextOffset, Header.LastOffset) : Header.BaseOffset;

    private void LeaveOut(long position, long length, long toOffset, ScanStop why) =>
        (_damage ??= []).Add(new DamagedRange(position, length, NextOffset, toOffset, why));

    private bool Halt(ScanStop why, long end)
    {
        // Nothing sound follows what was left out just before: it is of the same damage.
        while (why != ScanStop.End && _damage is [.., DamagedRange last] && last.Why != ScanStop.UnknownMagic && last.Position + last.Length == end)
        {
            end = last.Position;
            _damage.RemoveAt(_damage.Count - 1);
        }
        Stop = why;
        End = end;
        return false;
    }
}
