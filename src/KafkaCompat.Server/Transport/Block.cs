using System.Buffers;

namespace KafkaCompat.Server.Transport;

/// <summary>
/// A pooled, pinned piece of memory that a socket receives into or sends from, and at the same time a segment of the
/// sequence that the connection reads. It belongs to one pipe end at a time, from <see cref="BlockPool.Rent"/> to
/// <see cref="BlockPool.Return"/>.
/// </summary>
internal sealed class Block : ReadOnlySequenceSegment<byte>
{
    public Block(Memory<byte> buffer, int sizeClass)
    {
        Buffer = buffer;
        SizeClass = sizeClass;
        Memory = buffer;
    }

    /// <summary>All the memory of the block.</summary>
    public Memory<byte> Buffer { get; }

    /// <summary>Index into the pool's size classes; -1 for a block that is too large to be pooled.</summary>
    public int SizeClass { get; }

    /// <summary>How many bytes at the start of <see cref="Buffer"/> hold data.</summary>
    public int End { get; set; }

    /// <summary>What is sent after the bytes of this block and before those of the next.</summary>
    public PendingRegion? Region { get; set; }

    public int Capacity => Buffer.Length;

    public Memory<byte> Free => Buffer[End..];

    public Block? NextBlock => (Block?)Next;

    /// <summary>Links <paramref name="next"/> behind this block, which receives no more data from then on.</summary>
    public void Append(Block next)
    {
        Memory = Buffer[..End];
        next.RunningIndex = RunningIndex + End;
        Next = next;
    }

    /// <summary>Makes the block empty and alone, as it came from the pool.</summary>
    public void Reset()
    {
        End = 0;
        Region?.Release();
        Region = null;
        Next = null;
        RunningIndex = 0;
        Memory = Buffer;
    }
}
