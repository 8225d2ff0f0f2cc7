using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>Why a <see cref="BatchScanner"/> stopped.</summary>
internal enum ScanStop
{
    None,

    /// <summary>The range ends with a batch.</summary>
    End,

    /// <summary>The range ends within a batch.</summary>
    Incomplete,

    /// <summary>A length that no batch can have.</summary>
    BadLength,

    /// <summary>A header that contradicts itself.</summary>
    BadHeader,

    /// <summary>A batch of a magic that nobody here reads.</summary>
    UnknownMagic,

    /// <summary>The offsets are not those that can stand here.</summary>
    BadOffset,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,
}

/// <summary>
/// Walks over the batches of a segment file by their headers, reading ahead in one pooled buffer. Messages of magic 0 and 1 are batches too; one of a later
/// magic is read as if it were of magic 2, and <see cref="HasUnknownMagic"/> says so.
/// </summary>
internal sealed class BatchScanner : IDisposable
{
    /// <summary>Enough to walk over small batches many at a time, small enough not to read ahead much over large ones.</summary>
    public const int HeaderWalkBytes = 4 * 1024;

    /// <summary>For reading whole segments.</summary>
    public const int WholeReadBytes = 256 * 1024;

    /// <summary>
    /// No segment has more offsets than its indexes can tell. So bytes of records look like a batch that can follow once in a long while; with any offset they
    /// would every kilobyte, and each such place is worth the checksum of as many bytes as its length happens to say.
    /// </summary>
    private const long MaxOffsetsOfSegment = int.MaxValue;

    /// <summary>
    /// No larger bytes are taken for a batch behind damage: their checksum is computed for each place that looks like one. It is more than a request may have
    /// by default.
    /// </summary>
    private const int MaxResyncBatchBytes = 128 << 20;

    /// <summary>How many places are looked at before the stop is asked for.</summary>
    private const int PlacesBetweenStops = 4096;

    private readonly StoredFile _file;
    private readonly long _end;
    private byte[] _buffer;
    private long _bufferPosition;
    private int _bufferCount;

    public BatchScanner(StoredFile file, long position, long end, int bufferBytes = HeaderWalkBytes)
    {
        _file = file;
        Next = position;
        _end = end;
        _buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
    }

    /// <summary>Asked for the stop while the next batch behind damage is looked for, where a node opens its logs.</summary>
    public RecoveryWatch? Watch { get; init; }

    /// <summary>The header of the current batch.</summary>
    public RecordBatchHeader Header { get; private set; }

    /// <summary>Where the current batch starts.</summary>
    public long Position { get; private set; }

    /// <summary>Where the next batch would start.</summary>
    public long Next { get; private set; }

    public bool IsAtEnd => Next >= _end;

    public ScanStop Stop { get; private set; }

    /// <summary>No client reads the current batch: its magic is none, or is not that which its checksum stands for.</summary>
    public bool HasUnknownMagic { get; private set; }

    /// <summary>Where the bytes start that stopped the scan.</summary>
    public long StoppedAt => Stop is ScanStop.BadChecksum ? Position : Next;

    /// <summary>The length field that was bad.</summary>
    public int BadLength { get; private set; }

    public bool MoveNext()
    {
        if (Stop != ScanStop.None)
            return false;
        var left = _end - Next;
        if (left < RecordBatchHeader.MagicPosition + 1)
            return Halt(left == 0 ? ScanStop.End : ScanStop.Incomplete);
        var bytes = Bytes(Next, (int)Math.Min(left, RecordBatchHeader.Size));
        if (bytes.Length < RecordBatchHeader.MagicPosition + 1)
            return Halt(ScanStop.Incomplete);
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthPosition..]);
        if (length < RecordBatchHeader.MinBatchLength)
        {
            BadLength = length;
            return Halt(ScanStop.BadLength);
        }
        if (length > left - RecordBatchHeader.LogOverhead)
            return Halt(ScanStop.Incomplete);
        if (!TryReadHeader(bytes, out var header))
            return Halt(ScanStop.BadHeader);
        Header = header;
        HasUnknownMagic = header.Magic is < 0 or > RecordBatchHeader.CurrentMagic;
        Position = Next;
        Next += header.SizeInBytes;
        return true;
    }

    /// <summary>All bytes of the current batch, valid until the next call.</summary>
    public ReadOnlyMemory<byte> ReadBatch()
    {
        var size = Header.SizeInBytes;
        _ = Bytes(Position, size);
        var start = (int)(Position - _bufferPosition);
        return _buffer.AsMemory(start, Math.Min(size, _bufferCount - start));
    }

    /// <summary>Whether the current batch's checksum is that of its bytes. When it is not, the scan ends.</summary>
    public bool CheckChecksum() => IsSound() || Halt(ScanStop.BadChecksum);

    /// <summary>Whether the current batch's checksum is that of its bytes.</summary>
    public bool IsSound()
    {
        var batch = ReadBatch().Span;
        if (batch.Length != Header.SizeInBytes)
            return false;
        if (Header.Magic is 0 or 1 && LegacyMessageHeader.IsSound(batch))
            return true;
        // No checksum of magic 2 covers the magic: where it is right the batch is whole, whatever magic it says that it has.
        if (!RecordBatchHeader.TryRead(batch, out var header) || Crc32C.Compute(batch[RecordBatchHeader.AttributesPosition..]) != header.Crc
            || header.LastOffsetDelta < 0)
        {
            return false;
        }

        HasUnknownMagic = header.Magic != RecordBatchHeader.CurrentMagic;
        Header = header;
        return true;
    }

    /// <summary>The header behind the current batch; false where the range ends there, or holds none there.</summary>
    public bool TryPeek(out RecordBatchHeader header)
    {
        header = default;
        var left = _end - Next;
        if (left < RecordBatchHeader.MagicPosition + 1)
            return false;
        var bytes = Bytes(Next, (int)Math.Min(left, RecordBatchHeader.Size));
        if (bytes.Length < RecordBatchHeader.MagicPosition + 1 || !TryReadHeader(bytes, out header))
            return false;
        return header.BatchLength >= RecordBatchHeader.MinBatchLength && header.SizeInBytes <= left;
    }

    /// <summary>As <see cref="TryPeek"/>, where that header was read with the current batch's already.</summary>
    public bool TryPeekRead(out RecordBatchHeader header)
    {
        header = default;
        return Next + RecordBatchHeader.Size <= _bufferPosition + _bufferCount && TryPeek(out header);
    }

    /// <summary>Goes on from another place.</summary>
    public void Restart(long position)
    {
        Next = position;
        Stop = ScanStop.None;
    }

    /// <summary>
    /// After a stop: goes on with the next batch that is whole and sound, does not start before an offset, and is followed by nothing but batches up to the end
    /// of the range, or up to an offset that is enough. What only looks like a batch, within the records of another, is followed by something else.
    /// </summary>
    public bool TryResync(long nextOffset, long enoughOffset, long maxBytes) => TryResync(StoppedAt, nextOffset, enoughOffset, maxBytes);

    /// <summary>As the other, with the batches behind a position.</summary>
    public bool TryResync(long behind, long nextOffset, long enoughOffset, long maxBytes)
    {
        var stop = Stop;
        var from = behind + 1;
        var until = from + Math.Min(_end - RecordBatchHeader.LogOverhead - RecordBatchHeader.MinBatchLength - from, maxBytes);
        for (var position = from; position <= until; position++)
        {
            if ((position - from) % PlacesBetweenStops == 0)
                Watch?.ThrowIfStopped();
            if (!CanStartAt(position, nextOffset))
                continue;
            Watch?.ThrowIfStopped();
            Restart(position);
            if (MoveNext() && IsSound() && !HasUnknownMagic && Leads(position, enoughOffset))
                return true;
        }
        Restart(from - 1);
        return Halt(stop);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> bytes, out RecordBatchHeader header)
    {
        var read = (sbyte)bytes[RecordBatchHeader.MagicPosition] is 0 or 1
            ? LegacyMessageHeader.TryRead(bytes, out header)
            : RecordBatchHeader.TryRead(bytes, out header) && header.SizeInBytes >= RecordBatchHeader.Size && header.LastOffsetDelta >= 0;
        return read && header.BaseOffset is >= 0 and < long.MaxValue - int.MaxValue;
    }

    private bool CanStartAt(long position, long nextOffset)
    {
        var bytes = Bytes(position, RecordBatchHeader.MagicPosition + 1);
        if (bytes.Length <= RecordBatchHeader.MagicPosition || bytes[RecordBatchHeader.MagicPosition] > RecordBatchHeader.CurrentMagic)
            return false;
        var offset = BinaryPrimitives.ReadInt64BigEndian(bytes);
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthPosition..]);
        return offset >= nextOffset && offset - nextOffset <= MaxOffsetsOfSegment && length is >= RecordBatchHeader.MinBatchLength and <= MaxResyncBatchBytes
            && length <= _end - position - RecordBatchHeader.LogOverhead;
    }

    /// <summary>Whether batches follow one another from the current one on; the scan stands there again afterwards.</summary>
    private bool Leads(long position, long enoughOffset)
    {
        var next = Header.NextOffset;
        var grows = true;
        while (grows && next < enoughOffset && MoveNext())
        {
            Watch?.ThrowIfStopped();
            grows = Header.LastOffset >= next;
            next = Math.Max(next, Header.NextOffset);
        }
        var leads = grows && (next >= enoughOffset || Stop == ScanStop.End);
        Restart(position);
        return MoveNext() && leads;
    }

    private bool Halt(ScanStop stop)
    {
        Stop = stop;
        return false;
    }

    private ReadOnlySpan<byte> Bytes(long position, int count)
    {
        if (position < _bufferPosition || position + count > _bufferPosition + _bufferCount)
        {
            // What was read of a batch that the buffer cuts is kept: of four batches of 64 KiB one would else be read twice.
            var kept = position < _bufferPosition ? 0 : (int)Math.Max(0, _bufferPosition + _bufferCount - position);
            var before = _buffer;
            if (count > _buffer.Length)
                _buffer = ArrayPool<byte>.Shared.Rent(count);
            if (kept > 0)
                before.AsSpan((int)(position - _bufferPosition), kept).CopyTo(_buffer);
            if (before != _buffer)
                ArrayPool<byte>.Shared.Return(before);
            _bufferPosition = position;
            _bufferCount = kept + _file.Read(position + kept, _buffer.AsSpan(kept, (int)Math.Min(_buffer.Length, _end - position) - kept));
        }
        var start = (int)(position - _bufferPosition);
        return _buffer.AsSpan(start, Math.Max(0, Math.Min(count, _bufferCount - start)));
    }
}
