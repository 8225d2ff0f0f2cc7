using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>What a file is by its first bytes, for one whose name says nothing: a segment that was copied under another name, most of all.</summary>
internal static class ContentKind
{
    /// <summary>Bytes that are looked at.</summary>
    private const int MaxBytes = 64 * 1024;

    private const int OffsetEntry = 8;
    private const int TimeEntry = 12;

    /// <summary>2001 to 2100, in milliseconds: what a time index may hold.</summary>
    private const long FirstMs = 978_307_200_000;

    private const long LastMs = 4_102_444_800_000;

    /// <summary>Null where the bytes look like nothing that is known.</summary>
    public static DecodeKind? Of(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[Math.Min(MaxBytes, file.Length)];
        file.ReadExactly(bytes);
        return IsBatch(bytes) ? DecodeKind.Batches
            : IsText(bytes) ? DecodeKind.Text
            : IsFrame(bytes, file.Length) ? DecodeKind.Request
            : IsTimeIndex(bytes, file.Length) ? DecodeKind.TimeIndex
            : IsOffsetIndex(bytes, file.Length) ? DecodeKind.OffsetIndex
            : null;
    }

    /// <summary>An offset, a length that fits, and a magic that exists.</summary>
    private static bool IsBatch(ReadOnlySpan<byte> bytes) =>
        bytes.Length > RecordBatchHeader.LogOverhead + 5
        && BinaryPrimitives.ReadInt64BigEndian(bytes) >= 0
        && BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.BatchLengthPosition..]) is > 13 and < 1 << 30
        && bytes[16] <= 2;

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            if (one is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t') or 0x7f)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A length that fits, and a key and a version that some client sends.</summary>
    private static bool IsFrame(ReadOnlySpan<byte> bytes, long length) =>
        bytes.Length >= 12
        && BinaryPrimitives.ReadInt32BigEndian(bytes) is >= 8 and var frame && frame <= length - 4
        && Enum.IsDefined((ApiKey)BinaryPrimitives.ReadInt16BigEndian(bytes[4..]))
        && BinaryPrimitives.ReadInt16BigEndian(bytes[6..]) is >= 0 and < 32;

    private static bool IsTimeIndex(ReadOnlySpan<byte> bytes, long length) =>
        length % TimeEntry == 0 && BinaryPrimitives.ReadInt64BigEndian(bytes) is > FirstMs and < LastMs;

    /// <summary>Offsets and positions that grow, up to the zeros of an end that was reserved.</summary>
    private static bool IsOffsetIndex(ReadOnlySpan<byte> bytes, long length)
    {
        var (offset, position) = (0, -1);
        if (length % OffsetEntry != 0)
        {
            return false;
        }

        for (; bytes.Length >= OffsetEntry; bytes = bytes[OffsetEntry..])
        {
            var (nextOffset, nextPosition) = (BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[4..]));
            if (nextOffset == 0 && nextPosition == 0 && position >= 0)
            {
                return true;
            }

            if (nextOffset <= offset || nextPosition <= position)
            {
                return false;
            }

            (offset, position) = (nextOffset, nextPosition);
        }

        return position >= 0;
    }
}
