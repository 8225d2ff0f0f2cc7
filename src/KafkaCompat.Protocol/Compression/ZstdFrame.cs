using System.Buffers;
using System.Buffers.Binary;

namespace KafkaCompat.Protocol.Compression;

/// <summary>What is wanted of a Zstandard frame before it is decompressed (RFC 8878, 3.1): where it ends, and what it promises.</summary>
/// <param name="Length">Bytes of the frame; all that is left where it is cut or none, which the decompressor then finds out.</param>
/// <param name="ContentSize">Bytes that its content will have; -1 where it does not say.</param>
/// <param name="WindowBytes">What the decompressor has to remember of its output.</param>
/// <param name="HeaderBytes">Bytes before the first block; 0 where it is no frame of data, or its header is cut.</param>
internal readonly record struct ZstdFrame(long Length, long ContentSize, long WindowBytes, int HeaderBytes)
{
    /// <summary>
    /// The frame is cut, or a byte is repeated in a frame that promises none, or a compressed block has no bytes. The library refuses the latter two where it
    /// decompresses the frame at once, and Kafka takes them.
    /// </summary>
    public bool IsReadInPieces { get; private init; } = true;

    /// <summary>The longest header that there is.</summary>
    public const int MaxHeaderBytes = 18;

    private const uint Magic = 0xFD2FB528;
    private const uint SkippableMagic = 0x184D2A50, SkippableMask = 0xFFFFFFF0;
    private const int BlockHeaderBytes = 3;
    private const int RunBlock = 1, CompressedBlock = 2;
    private const int ChecksumBytes = 4;

    /// <summary>The frame that stands first.</summary>
    public static ZstdFrame Read(in ReadOnlySequence<byte> bytes)
    {
        var none = new ZstdFrame(bytes.Length, -1, 0, 0);
        Span<byte> header = stackalloc byte[MaxHeaderBytes];
        header = header[..(int)Math.Min(MaxHeaderBytes, bytes.Length)];
        bytes.Slice(0, header.Length).CopyTo(header);
        if (header.Length < 6) return none;
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if ((magic & SkippableMask) == SkippableMagic)
            return header.Length < 8 ? none : none with { Length = Math.Min(bytes.Length, 8L + BinaryPrimitives.ReadUInt32LittleEndian(header[4..])) };
        if (magic != Magic) return none;

        int descriptor = header[4];
        var isSingleSegment = (descriptor & 0x20) != 0;
        var dictionaryBytes = (descriptor & 3) switch { 3 => 4, var flag => flag };
        var sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
        var sizeBytes = descriptor >> 6 is var sizeFlag && sizeFlag == 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
        if (header.Length < sizeAt + sizeBytes) return none;
        var field = header[sizeAt..];
        var contentSize = sizeBytes switch
        {
            0 => -1,
            1 => field[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(field) + 256,
            4 => BinaryPrimitives.ReadUInt32LittleEndian(field),
            _ => Math.Max(-1, BinaryPrimitives.ReadInt64LittleEndian(field)),
        };
        var window = isSingleSegment ? contentSize : Window(header[5]);
        var isWhole = TryMeasure(bytes, sizeAt + sizeBytes, (descriptor & 4) != 0, out var length, out var hasRun, out var hasEmpty);
        return new ZstdFrame(length, contentSize, window, sizeAt + sizeBytes) { IsReadInPieces = !isWhole || (hasRun && window == 0) || hasEmpty };
    }

    private static long Window(byte descriptor)
    {
        var smallest = 1L << (10 + (descriptor >> 3));
        return smallest + ((smallest / 8) * (descriptor & 7));
    }

    /// <summary>Walks over the blocks by their headers. Returns whether the frame's end is there.</summary>
    private static bool TryMeasure(in ReadOnlySequence<byte> bytes, long at, bool hasChecksum, out long length, out bool hasRun, out bool hasEmpty)
    {
        hasRun = hasEmpty = false;
        length = bytes.Length;
        Span<byte> header = stackalloc byte[BlockHeaderBytes];
        var rest = bytes.Slice(at);
        while (rest.Length >= BlockHeaderBytes)
        {
            rest.Slice(0, BlockHeaderBytes).CopyTo(header);
            var block = header[0] | (header[1] << 8) | (header[2] << 16);
            // A block of one byte repeated has that byte alone.
            var isRun = ((block >> 1) & 3) == RunBlock;
            hasRun |= isRun;
            hasEmpty |= ((block >> 1) & 3) == CompressedBlock && block >> 3 == 0;
            long blockLength = BlockHeaderBytes + (isRun ? 1 : block >> 3);
            var isLast = (block & 1) != 0;
            if (isLast && hasChecksum) blockLength += ChecksumBytes;
            if (blockLength > rest.Length) break;
            rest = rest.Slice(blockLength);
            if (!isLast) continue;
            length = bytes.Length - rest.Length;
            return true;
        }
        return false;
    }
}
