using System.Buffers;
using System.Buffers.Binary;
using K4os.Compression.LZ4;
using K4os.Hash.xxHash;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Reads one LZ4 frame. Dependent blocks and dictionaries are refused, as Kafka refuses them. A block's checksum is checked. The content's has to be there
/// where the header promises it, and is not checked: the readers of Kafka's Java clients step over it too, and the batch has a checksum of its own.
/// </summary>
internal sealed class Lz4FrameSource : DecompressionSource
{
    private const uint Magic = 0x184D2204;
    private const int MaxHeaderBytes = 19;
    private const int HasDictionary = 0x01, HasContentChecksum = 0x04, HasContentSize = 0x08, HasBlockChecksums = 0x10, HasIndependentBlocks = 0x20;

    private readonly bool _checksHeader;
    private ReadOnlySequence<byte> _rest;
    private bool _started;
    private bool _ended;
    private bool _hasBlockChecksums;
    private bool _hasContentChecksum;
    private int _maxBlockBytes;
    private byte[]? _copy;
    private byte[]? _block;

    /// <param name="input">the frame</param>
    /// <param name="checksHeader">false for messages of magic 0 and 1, whose clients took the header's checksum over the wrong bytes</param>
    public Lz4FrameSource(in ReadOnlySequence<byte> input, bool checksHeader)
    {
        _rest = input;
        _checksHeader = checksHeader;
    }

    public override bool TryRead(out ReadOnlySpan<byte> chunk)
    {
        chunk = default;
        if (IsDamaged || _ended) return false;
        if (!_started && !TryReadHeader()) return Damaged(out chunk);
        _started = true;
        if (!TryReadUInt32(out var size)) return Damaged(out chunk);
        // The end mark; as Kafka and the format's own library do, with or without the bit of a stored block.
        if ((size & ~Lz4Codec.StoredBlock) == 0)
        {
            if (_hasContentChecksum && !TryReadUInt32(out _)) return Damaged(out chunk);
            _ended = true;
            return false;
        }
        if (!TryReadBlock(size & ~Lz4Codec.StoredBlock, (size & Lz4Codec.StoredBlock) != 0, out chunk)) return Damaged(out chunk);
        // For the reader of Java's clients nothing stands behind a block of no bytes.
        _ended = chunk.IsEmpty;
        return !_ended;
    }

    protected override void Dispose(bool disposing)
    {
        CompressionCodecs.Return(ref _copy);
        CompressionCodecs.Return(ref _block);
    }

    private bool TryReadHeader()
    {
        Span<byte> header = stackalloc byte[MaxHeaderBytes];
        var available = (int)Math.Min(header.Length, _rest.Length);
        _rest.Slice(0, available).CopyTo(header);
        if (available < 7 || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic) return false;
        int flags = header[4], sizes = header[5];
        bool isVersion1 = flags >> 6 == 1, usesReserved = (flags & 0x02) != 0 || (sizes & 0x8f) != 0;
        var code = (sizes >> 4) & 7;
        if (!isVersion1 || usesReserved || code < 4 || (flags & HasIndependentBlocks) == 0 || (flags & HasDictionary) != 0) return false;
        var length = 6 + ((flags & HasContentSize) != 0 ? 8 : 0);
        if (available <= length) return false;
        if (_checksHeader && (byte)(XXH32.DigestOf(header[4..length]) >> 8) != header[length]) return false;
        _hasContentChecksum = (flags & HasContentChecksum) != 0;
        _hasBlockChecksums = (flags & HasBlockChecksums) != 0;
        _maxBlockBytes = 1 << (8 + 2 * code);
        _rest = _rest.Slice(length + 1);
        return true;
    }

    private bool TryReadBlock(uint size, bool isStored, out ReadOnlySpan<byte> chunk)
    {
        chunk = default;
        if (size > _maxBlockBytes || size > _rest.Length) return false;
        var bytes = CompressionCodecs.Contiguous(_rest.Slice(0, size), ref _copy);
        _rest = _rest.Slice(size);
        if (_hasBlockChecksums && (!TryReadUInt32(out var checksum) || checksum != XXH32.DigestOf(bytes))) return false;
        if (isStored)
        {
            chunk = bytes;
            return true;
        }
        // The one block of no bytes, which the library takes for a damaged one.
        if (bytes is [0]) return true;
        CompressionCodecs.Rent(ref _block, _maxBlockBytes);
        var decoded = LZ4Codec.Decode(bytes, _block.AsSpan(0, _maxBlockBytes));
        if (decoded < 0) return false;
        chunk = _block.AsSpan(0, decoded);
        return true;
    }

    private bool TryReadUInt32(out uint value)
    {
        value = 0;
        Span<byte> bytes = stackalloc byte[4];
        if (_rest.Length < bytes.Length) return false;
        _rest.Slice(0, bytes.Length).CopyTo(bytes);
        _rest = _rest.Slice(bytes.Length);
        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return true;
    }
}
