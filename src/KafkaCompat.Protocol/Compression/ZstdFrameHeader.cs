using System.Buffers;
using System.Buffers.Binary;

namespace KafkaCompat.Protocol.Compression;

/// <summary>The one thing wanted of a Zstandard frame's header (RFC 8878, 3.1.1.1): how much content it promises.</summary>
internal static class ZstdFrameHeader
{
    private const uint Magic = 0xFD2FB528;
    private const int MaxBytes = 18;

    /// <summary>-1 where the frame does not say, is cut or is none.</summary>
    public static long ContentSize(in ReadOnlySequence<byte> frame)
    {
        Span<byte> header = stackalloc byte[MaxBytes];
        header = header[..(int)Math.Min(MaxBytes, frame.Length)];
        frame.Slice(0, header.Length).CopyTo(header);
        if (header.Length < 6 || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic) return -1;
        int descriptor = header[4], sizeFlag = descriptor >> 6;
        bool isSingleSegment = (descriptor & 0x20) != 0;
        int dictionaryBytes = (descriptor & 3) switch { 3 => 4, var flag => flag };
        var field = header[Math.Min(header.Length, 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes)..];
        int bytes = sizeFlag == 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
        if (bytes == 0 || field.Length < bytes) return -1;
        return bytes switch
        {
            1 => field[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(field) + 256,
            4 => BinaryPrimitives.ReadUInt32LittleEndian(field),
            _ => Math.Max(-1, BinaryPrimitives.ReadInt64LittleEndian(field)),
        };
    }
}
