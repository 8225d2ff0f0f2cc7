namespace KafkaCompat.Testing.Files;

/// <summary>
/// The bytes of one file in blocks, so that it grows without being copied. A small file takes a small first block; a block that nobody wrote to is not there
/// and reads as zeros. Readers and the writer exclude each other for the length of a copy.
/// </summary>
internal sealed class MemoryFileContent
{
    private const int BlockBytes = 64 * 1024;
    private const int SmallestBlockBytes = 512;

    private readonly Lock _gate = new();
    private readonly List<byte[]?> _blocks = [];
    private long _length;
    private long _writtenMs;

    public long Length => Volatile.Read(ref _length);

    public long WrittenMs
    {
        get => Volatile.Read(ref _writtenMs);
        set => Volatile.Write(ref _writtenMs, value);
    }

    public int Read(long position, Span<byte> buffer)
    {
        lock (_gate)
        {
            var count = (int)Math.Clamp(_length - position, 0, buffer.Length);
            for (var done = 0; done < count;)
            {
                var (block, at) = Place(position + done);
                var part = buffer.Slice(done, Math.Min(count - done, BlockBytes - at));
                var stored = block < _blocks.Count && _blocks[block] is { } bytes && at < bytes.Length ? bytes.AsSpan(at) : [];
                stored = stored[..Math.Min(stored.Length, part.Length)];
                stored.CopyTo(part);
                part[stored.Length..].Clear();
                done += part.Length;
            }

            return count;
        }
    }

    public void Write(long position, ReadOnlySpan<byte> bytes)
    {
        // As a file of the disk: nothing, wherever it is written, does not lengthen it.
        if (bytes.IsEmpty) return;
        lock (_gate)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var (block, at) = Place(position + done);
                var part = bytes.Slice(done, Math.Min(bytes.Length - done, BlockBytes - at));
                part.CopyTo(Block(block, at + part.Length).AsSpan(at));
                done += part.Length;
            }

            _length = Math.Max(_length, position + bytes.Length);
        }
    }

    public void SetLength(long length)
    {
        lock (_gate)
        {
            if (length < _length)
            {
                var (block, at) = Place(length);
                if (block < _blocks.Count)
                {
                    // What lies behind the end reads as zeros should the file grow again.
                    if (_blocks[block] is { } last && at < last.Length) last.AsSpan(at).Clear();
                    _blocks.RemoveRange(block + 1, _blocks.Count - block - 1);
                }
            }

            _length = length;
        }
    }

    private static (int Block, int At) Place(long position) => ((int)(position / BlockBytes), (int)(position % BlockBytes));

    private byte[] Block(int index, int neededBytes)
    {
        while (_blocks.Count <= index) _blocks.Add(null);
        var block = _blocks[index];
        if (block is not null && block.Length >= neededBytes) return block;
        var size = index > 0 ? BlockBytes : SmallestBlockBytes;
        while (size < neededBytes) size *= 2;
        var grown = new byte[size];
        block?.CopyTo(grown, 0);
        return _blocks[index] = grown;
    }
}
