using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>A growing buffer from the shared pool: the BCL's ArrayBufferWriter, but its memory goes back.</summary>
public sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int SmallestRent = 1024;

    private byte[] _array = [];

    public int WrittenCount { get; private set; }

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, WrittenCount);

    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, WrittenCount);

    /// <summary>What was written, to be patched.</summary>
    public Span<byte> WrittenForPatch => _array.AsSpan(0, WrittenCount);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_array.Length - WrittenCount));
        WrittenCount += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(WrittenCount);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(WrittenCount);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        WrittenCount += bytes.Length;
    }

    /// <summary>Forgets what was written and keeps the memory.</summary>
    public void Clear() => WrittenCount = 0;

    public void Dispose()
    {
        if (_array.Length > 0) ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        WrittenCount = 0;
    }

    private void Reserve(int sizeHint)
    {
        var needed = checked(WrittenCount + Math.Max(sizeHint, 1));
        if (needed <= _array.Length) return;
        var capacity = (int)Math.Min(Math.Max(Math.Max(needed, SmallestRent), 2L * _array.Length), Array.MaxLength);
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, needed));
        WrittenSpan.CopyTo(larger);
        if (_array.Length > 0) ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
