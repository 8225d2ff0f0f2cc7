using System.Buffers.Binary;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Steps over the elements of a raw snappy block without decompressing any: whether literals end within the block, copies begin within what was decompressed
/// before, and all of it comes to the length that stands first.
/// </summary>
internal static class SnappyBlock
{
    private const int MaxLengthBytes = 5;

    /// <summary>Literals up to this long have their length in the tag; longer ones in so many bytes behind it.</summary>
    private const int LongestInTag = 60;

    public static bool IsSound(ReadOnlySpan<byte> block)
    {
        if (!TryReadLength(ref block, out var expected)) return false;
        long written = 0;
        while (!block.IsEmpty)
        {
            int tag = block[0];
            block = block[1..];
            long length, offset = 0;
            if ((tag & 3) == 0)
            {
                length = (tag >> 2) + 1;
                if (length > LongestInTag)
                {
                    var bytes = (int)length - LongestInTag;
                    if (block.Length < bytes) return false;
                    length = LittleEndian(block[..bytes]) + 1;
                    block = block[bytes..];
                }
                if (length > block.Length) return false;
                block = block[(int)length..];
            }
            else
            {
                var bytes = (tag & 3) == 3 ? 4 : tag & 3;
                if (block.Length < bytes) return false;
                offset = LittleEndian(block[..bytes]);
                block = block[bytes..];
                if (bytes == 1) offset |= (long)(tag >> 5) << 8;
                length = bytes == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
                if (offset == 0 || offset > written) return false;
            }
            written += length;
            if (written > expected) return false;
        }
        return written == expected;
    }

    private static bool TryReadLength(ref ReadOnlySpan<byte> block, out long length)
    {
        length = 0;
        for (var i = 0; i < MaxLengthBytes && i < block.Length; i++)
        {
            length |= (long)(block[i] & 0x7f) << (7 * i);
            if (block[i] >= 0x80) continue;
            block = block[(i + 1)..];
            return true;
        }
        return false;
    }

    private static long LittleEndian(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[sizeof(uint)];
        whole.Clear();
        bytes.CopyTo(whole);
        return BinaryPrimitives.ReadUInt32LittleEndian(whole);
    }
}
