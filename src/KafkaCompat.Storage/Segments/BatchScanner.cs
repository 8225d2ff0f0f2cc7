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

    /// <summary>Not a batch of magic 2, or a header that contradicts itself.</summary>
    BadHeader,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,
}

/// <summary>Walks over the batches of a segment file by their headers, reading ahead in one pooled buffer.</summary>
internal sealed class BatchScanner : IDisposable
{
    /// <summary>Enough to walk over small batches many at a time, small enough not to read ahead much over large ones.</summary>
    public const int HeaderWalkBytes = 4 * 1024;

    /// <summary>For reading whole segments.</summary>
    public const int WholeReadBytes = 256 * 1024;

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

    /// <summary>The header of the current batch.</summary>
    public RecordBatchHeader Header { get; private set; }

    /// <summary>Where the current batch starts.</summary>
    public long Position { get; private set; }

    /// <summary>Where the next batch would start.</summary>
    public long Next { get; private set; }

    public ScanStop Stop { get; private set; }

    /// <summary>The length field that was bad.</summary>
    public int BadLength { get; private set; }

    public bool MoveNext()
    {
        if (Stop != ScanStop.None)
            return false;
        long left = _end - Next;
        if (left < RecordBatchHeader.MagicPosition + 1)
            return Halt(left == 0 ? ScanStop.End : ScanStop.Incomplete);
        ReadOnlySpan<byte> bytes = Bytes(Next, (int)Math.Min(left, RecordBatchHeader.Size));
        if (bytes.Length < RecordBatchHeader.MagicPosition + 1)
            return Halt(ScanStop.Incomplete);
        int length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthPosition..]);
        if (length < RecordBatchHeader.MinBatchLength)
        {
            BadLength = length;
            return Halt(ScanStop.BadLength);
        }
        if (length > left - RecordBatchHeader.LogOverhead)
            return Halt(ScanStop.Incomplete);
        if (!RecordBatchHeader.TryRead(bytes, out RecordBatchHeader header) || header.Magic != RecordBatchHeader.CurrentMagic
            || header.SizeInBytes < RecordBatchHeader.Size || header.LastOffsetDelta < 0)
            return Halt(ScanStop.BadHeader);
        Header = header;
        Position = Next;
        Next += header.SizeInBytes;
        return true;
    }

    /// <summary>All bytes of the current batch, valid until the next call.</summary>
    public ReadOnlyMemory<byte> ReadBatch()
    {
        int size = Header.SizeInBytes;
        _ = Bytes(Position, size);
        int start = (int)(Position - _bufferPosition);
        return _buffer.AsMemory(start, Math.Min(size, _bufferCount - start));
    }

    /// <summary>Whether the current batch's checksum is that of its bytes. When it is not, the scan ends.</summary>
    public bool CheckChecksum()
    {
        ReadOnlyMemory<byte> batch = ReadBatch();
        if (batch.Length == Header.SizeInBytes && Crc32C.Compute(batch.Span[RecordBatchHeader.AttributesPosition..]) == Header.Crc)
            return true;
        return Halt(ScanStop.BadChecksum);
    }

    /// <summary>Goes on from another place.</summary>
    public void Restart(long position)
    {
        Next = position;
        Stop = ScanStop.None;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
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
            if (count > _buffer.Length)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = ArrayPool<byte>.Shared.Rent(count);
            }
            _bufferPosition = position;
            _bufferCount = _file.Read(position, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, _end - position)));
        }
        int start = (int)(position - _bufferPosition);
        return _buffer.AsSpan(start, Math.Max(0, Math.Min(count, _bufferCount - start)));
    }
}
