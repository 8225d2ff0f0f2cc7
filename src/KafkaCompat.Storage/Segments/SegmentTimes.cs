using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>A segment's largest timestamp and the last offset of the batch that holds it; one object, so that readers never see half of it.</summary>
internal sealed record LargestTimestamp(long Timestamp, long Offset);

/// <summary>
/// The largest timestamp of a segment: as its time index says, as the log says where the index was compared with it, and as every batch says. One writer;
/// readers need no lock.
/// </summary>
internal sealed class SegmentTimes(LogEnvironment environment, LogSegment segment)
{
    private LargestTimestamp? _largest;

    /// <summary>Whether <see cref="_largest"/> was compared with the batches, or made from them.</summary>
    private bool _isTrue;

    /// <summary>Whether it was made from all of them.</summary>
    private bool _isCertain;

    /// <summary>The largest timestamp and the last offset of the batch that holds it, as the time index has it.</summary>
    public LargestTimestamp Largest => Volatile.Read(ref _largest) ?? Read();

    /// <summary>As <see cref="Largest"/>, after the time index's word was compared with the log.</summary>
    public LargestTimestamp TrueLargest => Volatile.Read(ref _isTrue) ? Largest : Compare();

    /// <summary>The time index and the log contradict one another.</summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>As <see cref="TrueLargest"/>, with every batch looked at: for what cannot be taken back.</summary>
    public LargestTimestamp CertainLargest()
    {
        if (!Volatile.Read(ref _isCertain))
            LookAtAll(Largest);
        return Largest;
    }

    /// <summary>What retention by time looks at: the largest timestamp, or when the file was written if no record has one.</summary>
    public long LargestMs => OrWritten(Largest);

    /// <summary>What retention by time goes by: where no record has a time, when the file was written.</summary>
    public long OrWritten(LargestTimestamp largest) => largest.Timestamp >= 0 ? largest.Timestamp : segment.LastWriteMs();

    /// <summary>One more batch; returns what is the largest then.</summary>
    public LargestTimestamp Take(long maxTimestamp, long lastOffset)
    {
        var largest = Largest;
        if (maxTimestamp > largest.Timestamp)
            Volatile.Write(ref _largest, largest = new LargestTimestamp(maxTimestamp, lastOffset));
        return largest;
    }

    /// <summary>The segment has no batch, or none any more.</summary>
    public void Clear()
    {
        Become(new LargestTimestamp(-1, segment.BaseOffset));
        Volatile.Write(ref _isCertain, true);
        IsDoubtful = false;
    }

    /// <summary>After the segment and its time index were cut: what stands behind the last entry of that, from a position on, is found again.</summary>
    public void FindAnew(long position)
    {
        Volatile.Write(ref _isCertain, false);
        Become(Walk(Read(), position));
    }

    private void Become(LargestTimestamp largest)
    {
        Volatile.Write(ref _largest, largest);
        Volatile.Write(ref _isTrue, true);
    }

    private LargestTimestamp Read()
    {
        (var timestamp, var offset) = segment.TimeIndex.Last();
        var largest = new LargestTimestamp(timestamp, offset);
        Volatile.Write(ref _largest, largest);
        return largest;
    }

    /// <summary>The last entry is true where its batch has its time and no batch behind the last entry of the offset index has a later one.</summary>
    private LargestTimestamp Compare()
    {
        var told = Largest;
        // As in Kafka an empty index stands for records without timestamps.
        if (told.Timestamp < 0)
            return told;
        var size = segment.Size;
        var isTrue = BatchSearch.Find(segment, told.Offset, size, long.MaxValue, out var place) == Finding.Found
            && place.Header.MaxTimestamp == told.Timestamp;
        if (isTrue)
        {
            var from = segment.OffsetIndex.TryLookup(long.MaxValue, 0, out var last, out _) ? last : segment.BaseOffset;
            isTrue = Walk(told, segment.PositionToSearch(from, size, out _)) == told;
        }
        if (!isTrue)
            LookAtAll(told);
        Volatile.Write(ref _isTrue, true);
        return Largest;
    }

    /// <summary>Looks at every batch. From here on the later word counts, theirs or the one told.</summary>
    private void LookAtAll(LargestTimestamp told)
    {
        var walked = Walk(new LargestTimestamp(-1, segment.BaseOffset), 0);
        var known = told;
        while (walked.Timestamp >= known.Timestamp)
        {
            // An append beside this may have a later word, or an earlier one.
            var found = Interlocked.CompareExchange(ref _largest, walked, known);
            if (ReferenceEquals(found, known))
                break;
            known = found!;
        }
        // The index is damaged, a batch that had the time was cut off, or a header is damaged: no checksum was compared here. A search by time looks here, and
        // goes on behind the segment where it finds nothing.
        if (ReferenceEquals(known, told) && walked.Timestamp != told.Timestamp)
        {
            IsDoubtful = true;
            if (told.Timestamp >= 0)
            {
                environment.Recovery.Repaired(
                    new LogRepair(RepairAct.IndexRebuilt, segment.TimeIndex.Path, $"its last entry says {told.Timestamp} and the log {walked.Timestamp}"));
            }
        }
        Volatile.Write(ref _isTrue, true);
        Volatile.Write(ref _isCertain, true);
    }

    private LargestTimestamp Walk(LargestTimestamp largest, long position)
    {
        using var scanner = new BatchScanner(segment.File, position, segment.Size);
        var walk = new SegmentWalk(scanner, segment.BaseOffset);
        while (walk.MoveNext())
        {
            if (walk.Header.MaxTimestamp > largest.Timestamp)
                largest = new LargestTimestamp(walk.Header.MaxTimestamp, walk.Header.LastOffset);
        }
        return largest;
    }
}
