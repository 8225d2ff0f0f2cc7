namespace KafkaCompat.Storage.Files;

/// <summary>A file's bytes as its process sees them, the bytes that the disk surely holds, and the changes between the two.</summary>
internal sealed class ForgetfulFileNode
{
    private const int SectorBytes = 512;

    private readonly List<(long Position, byte[]? Bytes)> _unsynced = [];
    private readonly List<(long Position, byte[]? Bytes)> _lost = [];
    private byte[] _bytes = [];
    private byte[] _durable = [];
    private long _length;
    private long _durableLength;

    public long Length => Volatile.Read(ref _length);

    public long WrittenMs { get; set; }

    public int Read(long position, Span<byte> buffer)
    {
        if (position >= _length)
            return 0;
        var count = (int)Math.Min(buffer.Length, _length - position);
        _bytes.AsSpan((int)position, count).CopyTo(buffer);
        return count;
    }

    public void Write(long position, ReadOnlySpan<byte> bytes)
    {
        Put(ref _bytes, ref _length, position, bytes);
        _unsynced.Add((position, bytes.ToArray()));
    }

    public void SetLength(long length)
    {
        Cut(ref _bytes, ref _length, length);
        _unsynced.Add((length, null));
    }

    public void Sync()
    {
        foreach ((var position, var bytes) in _unsynced)
        {
            if (bytes is null)
                Cut(ref _durable, ref _durableLength, position);
            else
                Put(ref _durable, ref _durableLength, position, bytes);
        }
        _unsynced.Clear();
    }

    /// <summary>
    /// After a failed fsync Linux takes the pages for clean: no later sync writes them. They may still have reached the disk.
    /// </summary>
    public void LoseUnsynced()
    {
        _lost.AddRange(_unsynced);
        _unsynced.Clear();
    }

    public ForgetfulFileNode AfterCrash(ForgetfulChance chance)
    {
        var after = new ForgetfulFileNode { WrittenMs = WrittenMs, _bytes = (byte[])_durable.Clone(), _length = _durableLength };
        foreach ((var position, var bytes) in _lost)
            after.Survive(position, bytes, chance);
        foreach ((var position, var bytes) in _unsynced)
        {
            if (!after.Survive(position, bytes, chance))
                break;
        }
        after._durable = (byte[])after._bytes.Clone();
        after._durableLength = after._length;
        return after;
    }

    private static void Put(ref byte[] target, ref long length, long position, ReadOnlySpan<byte> bytes)
    {
        var end = position + bytes.Length;
        if (end > target.Length)
            Array.Resize(ref target, (int)Math.Max(end, Math.Min(target.Length * 2L, int.MaxValue / 2)));
        bytes.CopyTo(target.AsSpan((int)position));
        if (end > length)
            Volatile.Write(ref length, end);
    }

    private static void Cut(ref byte[] target, ref long length, long newLength)
    {
        if (newLength > target.Length)
            Array.Resize(ref target, (int)newLength);
        if (newLength < length)
            target.AsSpan((int)newLength, (int)(length - newLength)).Clear();
        Volatile.Write(ref length, newLength);
    }

    /// <summary>Lets one change through whole, torn by sectors, as a length without its bytes, or not at all. False ends the file's story.</summary>
    private bool Survive(long position, byte[]? bytes, ForgetfulChance chance)
    {
        var fate = chance.Next();
        if (fate == ForgetfulOutcome.StopHere)
            return false;
        if (bytes is null)
        {
            if (fate != ForgetfulOutcome.Lost)
                Cut(ref _bytes, ref _length, position);
            return true;
        }
        switch (fate)
        {
            case ForgetfulOutcome.Kept:
                Put(ref _bytes, ref _length, position, bytes);
                break;
            case ForgetfulOutcome.LengthAlone when position + bytes.Length > _length:
                Cut(ref _bytes, ref _length, position + bytes.Length);
                break;
            case ForgetfulOutcome.Torn:
                for (var start = position; start < position + bytes.Length;)
                {
                    var end = Math.Min((start / SectorBytes + 1) * SectorBytes, position + bytes.Length);
                    if (chance.Coin())
                        Put(ref _bytes, ref _length, start, bytes.AsSpan((int)(start - position), (int)(end - start)));
                    start = end;
                }
                break;
            default:
                break;
        }
        return true;
    }
}
