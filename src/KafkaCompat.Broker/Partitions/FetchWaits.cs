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
    /// <summary>Held for moments, never over a read or write of a file; taken after the partition's lock.</summary>
    private readonly Lock _lock = new();

    private FetchWait.Node? _first;
    private Leadership _leadership = Leadership.Unknown;
    private long _highWatermark;
    private long _firstUnstableOffset;
    private long _visibleBytes;
    private long _stableBytes;

    /// <summary>Bytes behind the high watermark. The role's alone, under the partition's lock.</summary>
    private long _hiddenBytes;

    /// <summary>Of the visible bytes those that wait for a transaction's end, as far as committed readers have not been told of them.</summary>
    private long _undecidedBytes;

    /// <summary>Null from a change on until somebody asks: who writes does not pay for what nobody reads.</summary>
    private PartitionBounds? _bounds;

    /// <summary>Bounds that nobody has been told of yet.</summary>
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

    /// <summary>Bytes were written behind the high watermark.</summary>
    public void Written(long bytes) => _hiddenBytes += bytes;

    /// <summary>
    /// The high watermark has moved, and with it all that was written before. Transactions that are decided below it hold nobody back any more.
    /// </summary>
    public void Advance(long highWatermark, long firstUnstableOffset, long logStartOffset)
    {
        lock (_lock)
        {
            var before = PartitionBounds.LastStableOffset(_highWatermark, _firstUnstableOffset, logStartOffset);
            var stable = PartitionBounds.LastStableOffset(highWatermark, firstUnstableOffset, logStartOffset);
            var bytes = _hiddenBytes;
            _hiddenBytes = 0;
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
                var grown = node.Wait.CommittedOnly ? stableBytes : bytes;
                if (grown > 0) node.Wait.Grew(grown);
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

    /// <summary>Answers fetches that wait with what there is.</summary>
    public void Release()
    {
        lock (_lock) ReleaseUnderLock();
    }

    /// <summary>A fetch waits that has read by these bounds.</summary>
    public void Add(FetchWait.Node node, PartitionBounds seen)
    {
        lock (_lock)
        {
            var now = BoundsUnderLock();
            if (!ReferenceEquals(now.Leadership, seen.Leadership))
            {
                node.Wait.Changed();
                return;
            }
            node.Next = _first;
            if (_first is not null) _first.Previous = node;
            _first = node;
            node.IsLinked = true;
            var grown = node.Wait.CommittedOnly ? now.StableBytes - seen.StableBytes : now.VisibleBytes - seen.VisibleBytes;
            if (grown > 0) node.Wait.Grew(grown);
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
