using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// Compares what a transaction index says with the log: a transaction begins with a batch of its producer and ends with the marker that aborts it, and no other
/// marker of that producer stands between. All entries of an index are compared in one walk, over the batches from the first transaction to the last marker;
/// what lies between transactions is passed over.
/// </summary>
internal sealed class TransactionIndexCheck(LogEnvironment environment, IReadOnlyList<LogSegment> segments)
{
    /// <summary>Fewer bytes between two transactions are walked over: to look a place up takes some reads too.</summary>
    private const int GapWorthALookUp = 16 * BatchScanner.HeaderWalkBytes;

    /// <summary>Transactions that have not begun where the walk stands, by where they begin.</summary>
    private readonly Queue<AbortedTransaction> _waiting = new();

    /// <summary>Transactions that have begun and not ended, by producer.</summary>
    private readonly Dictionary<long, AbortedTransaction> _open = [];

    /// <summary>Producers with records of a transaction that no entry names.</summary>
    private readonly HashSet<long> _unnamed = [];

    /// <summary>Behind it all of <see cref="_open"/> have ended.</summary>
    private long _lastMarker;

    private enum Stretch
    {
        /// <summary>An entry is not true.</summary>
        Untrue,

        /// <summary>The next transaction begins far ahead, in this segment or another.</summary>
        Passed,

        /// <summary>The segment has no further batch.</summary>
        Ended,
    }

    private bool IsDone => _waiting.Count == 0 && _open.Count == 0;

    /// <summary>
    /// Whether the log holds the transactions of the entries, which are in the order of their markers. What was before the log's start is not asked for.
    /// </summary>
    public bool IsTrue(IEnumerable<AbortedTransaction> entries)
    {
        _waiting.Clear();
        _open.Clear();
        foreach (var entry in entries.OrderBy(static entry => entry.FirstOffset))
            _waiting.Enqueue(entry);
        _lastMarker = -1;
        for (var i = 0; i < segments.Count && !IsDone; i++)
        {
            var bound = i + 1 < segments.Count ? segments[i + 1].BaseOffset : long.MaxValue;
            var stretch = Stretch.Passed;
            // A segment in which no transaction is open or begins is not even opened.
            while (stretch == Stretch.Passed && !IsDone && (_open.Count > 0 || _waiting.Peek().FirstOffset < bound))
                stretch = Walk(segments[i]);
            segments[i].CloseFiles();
            if (stretch == Stretch.Untrue)
                return false;
        }
        return IsDone;
    }

    private Stretch Walk(LogSegment segment)
    {
        long position = 0, next = segment.BaseOffset;
        var waiting = _waiting.Count;
        var hasOpen = _open.Count > 0;
        if (!hasOpen)
        {
            _unnamed.Clear();
            if (segment.Size == 0 || !TryFind(segment, _waiting.Peek().FirstOffset, ref position, ref next))
                return Stretch.Ended;
        }
        using var scanner = new BatchScanner(segment.File, position, segment.Size) { Watch = environment.Recovery };
        var walk = new SegmentWalk(scanner, next) { BaseOffset = segment.BaseOffset };
        while (walk.MoveNext())
        {
            environment.Recovery.ThrowIfStopped();
            if (!TakeIn(walk))
                return Stretch.Untrue;
            // Where damage hides the batch that was looked for, a second look would find this place again: what lies between is walked over.
            var hasGoneOn = hasOpen || _waiting.Count < waiting;
            if (_open.Count == 0 && (_waiting.Count == 0 || (hasGoneOn && IsFar(segment, _waiting.Peek().FirstOffset, scanner.Next))))
                return Stretch.Passed;
        }
        return Stretch.Ended;
    }

    /// <summary>The batch where the walk to an offset starts; false where all of the segment's are before it.</summary>
    private static bool TryFind(LogSegment segment, long offset, ref long position, ref long next)
    {
        if (offset <= segment.BaseOffset)
            return true;
        var finding = BatchSearch.Find(segment, offset, segment.Size, long.MaxValue, out var place);
        if (finding == Finding.Found)
            (position, next) = (place.Position, place.Header.IsLegacyWrapper ? offset : place.Header.BaseOffset);
        return finding != Finding.Behind;
    }

    private static bool IsFar(LogSegment segment, long offset, long from) =>
        segment.OffsetIndex.TryLookup(offset, 0, out _, out var position) && position - from > GapWorthALookUp;

    private bool TakeIn(SegmentWalk walk)
    {
        var header = walk.Header;
        while (_waiting.TryPeek(out var begins) && begins.FirstOffset <= header.LastOffset)
        {
            _ = _waiting.Dequeue();
            if (!CanBegin(begins, header) || !_open.TryAdd(begins.ProducerId, begins))
                return false;
            _lastMarker = Math.Max(_lastMarker, begins.LastOffset);
        }
        if (_open.Count > 0 && header.BaseOffset > _lastMarker)
            return false;
        if (!header.HasProducerId)
            return true;
        if (!header.IsControl)
        {
            if (header.IsTransactional && !_open.ContainsKey(header.ProducerId))
                _ = _unnamed.Add(header.ProducerId);
            return true;
        }
        _ = _unnamed.Remove(header.ProducerId);
        return !_open.Remove(header.ProducerId, out var ends) || (header.BaseOffset == ends.LastOffset && IsAbort(walk.ReadBatch()));
    }

    /// <summary>Compaction, and the log's start, can have taken the records of an aborted transaction.</summary>
    private bool CanBegin(in AbortedTransaction entry, in RecordBatchHeader header) =>
        entry.FirstOffset < segments[0].BaseOffset || header.BaseOffset > entry.FirstOffset
        || (header.BaseOffset == entry.FirstOffset && header.ProducerId == entry.ProducerId && header is { IsTransactional: true, IsControl: false }
        && !_unnamed.Contains(entry.ProducerId));

    private static bool IsAbort(ReadOnlyMemory<byte> batch) => EndTransactionMarker.TryRead(batch, out var marker) && !marker.IsCommit;
}
