namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// What readers of one partition may see, and the fetches that wait to see more. The partition's role publishes under the partition's lock; readers
/// take no lock of the partition, which an append holds for as long as its disk takes.
/// <list type="bullet">
/// <item>Bytes are counted when they are written, and count for fetches when the high watermark passes them: <see cref="Written"/>, then <see
/// cref="Advance"/>.</item>
/// <item>For committed readers bytes count when the last stable offset has moved. While another transaction is open some of them count twice: a fetch
/// looks too early rather than too late.</item>
/// <item>A fetch that waits names the bounds that its read went by. What has changed since then counts as if it changed now, so that nothing is
/// missed in between.</item>
/// </list>
/// Invariants: <see cref="PartitionBounds.VisibleBytes"/> and <see cref="PartitionBounds.StableBytes"/> only grow.
/// </summary>
internal sealed class FetchWaits
{
    /// <summary>
    /// Appends behind the high watermark that are counted one by one. Behind that many the next ones count together, when the last of them is passed.
    /// </summary>
    private const int MaxHiddenAppends = 1_024;

    /// <summary>Held for moments, never over a read or write of a file; taken after the partition's lock.</summary>
    private readonly Lock _lock = new();

    private FetchWait.Node? _first;
    private bool _isOver;
    private Leadership _leadership = Leadership.Unknown;
    private long _highWatermark;
    private long _firstUnstableOffset;
    private long _visibleBytes;
    private long _stableBytes;

    /// <summary>Appends behind the high watermark, with where each ends. The role's alone, under the partition's lock. Made by the first.</summary>
    private Queue<(long EndOffset, long Bytes)>? _hidden;

    /// <summary>Those that came when there were <see cref="MaxHiddenAppends"/>.</summary>
    private (long EndOffset, long Bytes) _hiddenRest;

    /// <summary>Of the visible bytes those that wait for a transaction's end, as far as committed readers have not counted them.</summary>
    private long _undecidedBytes;

    /// <summary>Null from a change on until somebody asks: who writes does not pay for what nobody reads.</summary>
    private PartitionBounds? _bounds;

    /// <summary>Bounds that are not published yet.</summary>
    public FetchWaits(long highWatermark, long firstUnstableOffset)
    {
        _highWatermark = highWatermark;
        _firstUnstableOffset = firstUnstableOffset;
    }

    /// <summary>The bounds as they are now.</summary>
    public PartitionBounds Bounds
    {
        get
        {
            if (Volatile.Read(ref _bounds) is { } bounds) return bounds;
            lock (_lock) return BoundsUnderLock();
        }
    }

    /// <summary>Bytes were written behind the high watermark, up to an offset.</summary>
    public void Written(long endOffset, long bytes)
    {
        if ((_hidden ??= new()).Count < MaxHiddenAppends) _hidden.Enqueue((endOffset, bytes));
        else _hiddenRest = (endOffset, _hiddenRest.Bytes + bytes);
    }

    /// <summary>
    /// The log was cut behind an offset. Bytes that went count as if they stood before it: a fetch looks too early rather than too late, or never.
    /// </summary>
    public void Cut(long endOffset)
    {
        for (var left = _hidden?.Count ?? 0; left > 0; left--)
        {
            var (end, bytes) = _hidden!.Dequeue();
            _hidden.Enqueue((Math.Min(end, endOffset), bytes));
        }
        _hiddenRest.EndOffset = Math.Min(_hiddenRest.EndOffset, endOffset);
    }

    /// <summary>
    /// The high watermark has moved. What was written before it counts; who waits for something that came before it was counted here looks again.
    /// Transactions that are decided below it hold nobody back any more.
    /// </summary>
    public void Advance(long highWatermark, long firstUnstableOffset, long logStartOffset)
    {
        lock (_lock)
        {
            var before = PartitionBounds.LastStableOffset(_highWatermark, _firstUnstableOffset, logStartOffset);
            var stable = PartitionBounds.LastStableOffset(highWatermark, firstUnstableOffset, logStartOffset);
            var bytes = PassedBy(highWatermark);
            var (hasMoved, isMoreStable) = (highWatermark > _highWatermark, stable > before);
            _undecidedBytes += bytes;
            var stableBytes = stable > before ? _undecidedBytes : 0;
            if (stable > before && stable == highWatermark) _undecidedBytes = 0;
            _highWatermark = highWatermark;
            _firstUnstableOffset = firstUnstableOffset;
            _visibleBytes += bytes;
            _stableBytes += stableBytes;
            _bounds = null;
            for (var node = _first; node is not null; node = node.Next)
            {
                Signal(node, node.Wait.CommittedOnly ? stableBytes : bytes, node.Wait.CommittedOnly ? isMoreStable : hasMoved);
            }
        }
    }

    /// <summary>Another leader, another epoch, or the end of the replica: whoever waits has to look again.</summary>
    public void Lead(Leadership leadership)
    {
        lock (_lock)
        {
            _leadership = leadership;
            _bounds = null;
            ReleaseUnderLock();
        }
    }

    /// <summary>Answers fetches that wait with what there is, and those too that begin to wait later: the node stops, or the partition is gone.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isOver = true;
            ReleaseUnderLock();
        }
    }

    /// <summary>A fetch waits that has read by these bounds.</summary>
    public void Add(FetchWait.Node node, PartitionBounds seen)
    {
        lock (_lock)
        {
            var now = BoundsUnderLock();
            if (_isOver || !ReferenceEquals(now.Leadership, seen.Leadership))
            {
                node.Wait.Changed();
                return;
            }
            node.Next = _first;
            if (_first is not null) _first.Previous = node;
            _first = node;
            node.IsLinked = true;
            if (node.Wait.CommittedOnly)
                Signal(node, now.StableBytes - seen.StableBytes, now.LastStableOffset(long.MinValue) > seen.LastStableOffset(long.MinValue));
            else
                Signal(node, now.VisibleBytes - seen.VisibleBytes, now.HighWatermark > seen.HighWatermark);
        }
    }

    /// <summary>A fetch waits no more. One that does not wait here is none.</summary>
    public void Remove(FetchWait.Node node)
    {
        lock (_lock)
        {
            if (!node.IsLinked) return;
            if (node.Previous is null) _first = node.Next;
            else node.Previous.Next = node.Next;
            if (node.Next is not null) node.Next.Previous = node.Previous;
            node.IsLinked = false;
        }
    }

    /// <summary>A fetch that waits hears of bytes, or that there is more although nobody counted it.</summary>
    private static void Signal(FetchWait.Node node, long grown, bool hasMoved)
    {
        if (grown > 0) node.Wait.Grew(grown);
        else if (hasMoved) node.Wait.Changed();
    }

    private long PassedBy(long highWatermark)
    {
        long bytes = 0;
        while (_hidden is not null && _hidden.TryPeek(out var first) && first.EndOffset <= highWatermark) bytes += _hidden.Dequeue().Bytes;
        if (_hiddenRest.Bytes > 0 && _hiddenRest.EndOffset <= highWatermark)
        {
            bytes += _hiddenRest.Bytes;
            _hiddenRest = default;
        }
        return bytes;
    }

    private PartitionBounds BoundsUnderLock()
    {
        if (_bounds is { } bounds) return bounds;
        bounds = new PartitionBounds(_leadership, _highWatermark, _firstUnstableOffset, _visibleBytes, _stableBytes);
        Volatile.Write(ref _bounds, bounds);
        return bounds;
    }

    private void ReleaseUnderLock()
    {
        for (var node = _first; node is not null; node = node.Next) node.Wait.Changed();
    }
}
