namespace KafkaCompat.Server.Transport;

/// <summary>
/// Pinned blocks in four sizes. Connections that wait hold a small one, busy ones 64 KiB, and frames of bulk producers
/// are received into blocks as large as the frame needs, up to 1 MiB. What the pool keeps is bounded per size, and
/// <see cref="Trim"/> lets go of what a quiet period did not use.
/// </summary>
internal sealed class BlockPool
{
    public const int SmallSize = 4 * 1024;
    public const int StandardSize = 64 * 1024;
    public const int LargestSize = 1024 * 1024;

    /// <summary>
    /// Past so many bytes rented, a frame that is announced gets standard blocks as its bytes come: an announcement costs a remote end four bytes.
    /// </summary>
    public const long MaxClaimedBytes = 256 * 1024 * 1024;

    private static readonly int[] Sizes = [SmallSize, StandardSize, 256 * 1024, LargestSize];

    /// <summary>Blocks kept for reuse at most, per size: 4 MiB, 16 MiB, 16 MiB and 32 MiB of memory.</summary>
    private static readonly int[] Kept = [1024, 256, 64, 32];

    private readonly LockedStack[] _classes = [new(), new(), new(), new()];
    private long _rentedBytes;
    private long _droppedBytes;

    /// <summary>Bytes of blocks that are rented now; for tests and metrics.</summary>
    public long RentedBytes => Interlocked.Read(ref _rentedBytes);

    /// <summary>Bytes of blocks that wait in the pool; for tests and metrics.</summary>
    public long PooledBytes
    {
        get
        {
            long sum = 0;
            for (var i = 0; i < _classes.Length; i++)
            {
                sum += (long)_classes[i].Count * Sizes[i];
            }

            return sum;
        }
    }

    /// <summary>A block with at least <paramref name="minimumSize"/> bytes; past the largest size it is allocated and not pooled.</summary>
    public Block Rent(int minimumSize)
    {
        var index = 0;
        while (index < Sizes.Length && Sizes[index] < minimumSize)
        {
            index++;
        }

        if (index == Sizes.Length)
        {
            Interlocked.Add(ref _rentedBytes, minimumSize);
            return new Block(GC.AllocateUninitializedArray<byte>(minimumSize, pinned: true), sizeClass: -1);
        }

        Interlocked.Add(ref _rentedBytes, Sizes[index]);
        return _classes[index].TryPop(out var block)
            ? block
            : index == 0 ? RentFromNewSlab() : new Block(GC.AllocateUninitializedArray<byte>(Sizes[index], pinned: true), index);
    }

    public void Return(Block block)
    {
        Interlocked.Add(ref _rentedBytes, -block.Capacity);
        block.Reset();
        if (block.SizeClass >= 0 && _classes[block.SizeClass].Count < Kept[block.SizeClass])
        {
            _classes[block.SizeClass].Push(block);
        }
        else
        {
            Interlocked.Add(ref _droppedBytes, block.Capacity);
        }
    }

    /// <summary>After this many bytes were dropped, an idle pool has the garbage collector return memory to the system.</summary>
    public const long CollectAfterDroppedBytes = 32 * 1024 * 1024;

    /// <summary>Takes back a block and all that are linked behind it.</summary>
    public void ReturnChain(Block? first)
    {
        while (first is not null)
        {
            var next = first.NextBlock;
            Return(first);
            first = next;
        }
    }

    /// <summary>
    /// Called now and then by the transport: drops half of the large blocks that wait in the pool, so that memory of a burst goes
    /// back to the collector within a few calls. Small blocks stay: they share slabs. True when the burst is over and so much was dropped, here or past what
    /// the pool keeps, that a collection is worth its time: a broker that idles would not have one for hours. The other half is dropped then too, for one block
    /// that stays keeps the 32 MiB around it from the system.
    /// </summary>
    public bool Trim()
    {
        DropLarge(static count => (count + 1) / 2);
        if (Interlocked.Read(ref _droppedBytes) < CollectAfterDroppedBytes || RentedBytes >= CollectAfterDroppedBytes)
        {
            return false;
        }

        DropLarge(static count => count);
        Interlocked.Exchange(ref _droppedBytes, 0);
        return true;
    }

    private void DropLarge(Func<int, int> share)
    {
        for (var index = 1; index < _classes.Length; index++)
        {
            var drop = share(_classes[index].Count);
            while (drop-- > 0 && _classes[index].TryPop(out var block))
            {
                Interlocked.Add(ref _droppedBytes, block.Capacity);
            }
        }
    }

    /// <summary>Small blocks are cut out of one 64 KiB array, because each pinned array costs the collector.</summary>
    private Block RentFromNewSlab()
    {
        var slab = GC.AllocateUninitializedArray<byte>(StandardSize, pinned: true);
        for (var offset = SmallSize; offset < slab.Length; offset += SmallSize)
        {
            _classes[0].Push(new Block(slab.AsMemory(offset, SmallSize), 0));
        }

        return new Block(slab.AsMemory(0, SmallSize), 0);
    }

    /// <summary>A stack under a lock: a ConcurrentStack allocates a node for each push.</summary>
    private sealed class LockedStack
    {
        private readonly Lock _gate = new();
        private readonly Stack<Block> _stack = new();

        public int Count => _stack.Count;

        public bool TryPop(out Block block)
        {
            lock (_gate)
            {
                return _stack.TryPop(out block!);
            }
        }

        public void Push(Block block)
        {
            lock (_gate)
            {
                _stack.Push(block);
            }
        }
    }
}
