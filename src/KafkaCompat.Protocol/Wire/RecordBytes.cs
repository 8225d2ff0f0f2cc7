using System.Buffers;

namespace KafkaCompat.Protocol;

/// <summary>Record batches that lie somewhere else than in memory, such as a part of a segment file.</summary>
public interface IRecordRegion
{
    /// <summary>Bytes of the region.</summary>
    int Length { get; }

    /// <summary>Copies the region where it cannot be handed over.</summary>
    void CopyTo(IBufferWriter<byte> destination);
}

/// <summary>Takes regions out of a written message, to send them without a copy.</summary>
public interface IRegionSink
{
    /// <summary>Called in the place of the region's bytes, after all bytes before it are flushed to the buffer.</summary>
    void Accept(IRecordRegion region);
}

/// <summary>The bytes of a records field: a slice of a received frame, or a region of a file.</summary>
public sealed class RecordBytes
{
    private readonly ReadOnlySequence<byte> _memory;

    private RecordBytes(ReadOnlySequence<byte> memory) => _memory = memory;

    private RecordBytes(IRecordRegion region) => Region = region;

    /// <summary>No records.</summary>
    public static RecordBytes Empty { get; } = new(ReadOnlySequence<byte>.Empty);

    /// <summary>The bytes where they are in memory. A slice of the frame it was read from: valid as long as that frame.</summary>
    public ReadOnlySequence<byte> Memory => Region is null ? _memory : throw new InvalidOperationException("these records are a region of a file, not memory");

    /// <summary>The region where they are not in memory.</summary>
    public IRecordRegion? Region { get; }

    /// <summary>Bytes.</summary>
    public int Length => Region is null ? checked((int)_memory.Length) : Region.Length;

    /// <summary>Records in memory.</summary>
    public static RecordBytes From(ReadOnlySequence<byte> memory) => memory.IsEmpty ? Empty : new RecordBytes(memory);

    /// <summary>Records in memory.</summary>
    public static RecordBytes From(ReadOnlyMemory<byte> memory) => memory.IsEmpty ? Empty : new RecordBytes(new ReadOnlySequence<byte>(memory));

    /// <summary>Records elsewhere.</summary>
    public static RecordBytes From(IRecordRegion region) => new(region);

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray()
    {
        if (Region is null)
        {
            return _memory.ToArray();
        }

        var buffer = new ArrayBufferWriter<byte>(Math.Max(1, Region.Length));
        Region.CopyTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
