using System.Runtime.CompilerServices;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Zigzag varints as records use them, over a span that shrinks as it is read. Five bytes at most hold an int and ten a long; what such a
/// number has beyond its type's width falls off, as it does in Kafka.
/// </summary>
internal static class RecordVarint
{
    public const int MaxBytes32 = 5;
    public const int MaxBytes64 = 10;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(scoped ref ReadOnlySpan<byte> bytes, out int value)
    {
        if (!bytes.IsEmpty && bytes[0] < 0x80)
        {
            value = (bytes[0] >>> 1) ^ -(bytes[0] & 1);
            bytes = bytes[1..];
            return true;
        }
        return TryReadSlow(ref bytes, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(scoped ref ReadOnlySpan<byte> bytes, out long value)
    {
        if (!bytes.IsEmpty && bytes[0] < 0x80)
        {
            value = (bytes[0] >>> 1) ^ -(bytes[0] & 1);
            bytes = bytes[1..];
            return true;
        }
        return TryReadSlow(ref bytes, out value);
    }

    /// <summary>A length and that many bytes; any negative length is null.</summary>
    public static bool TryReadSlice(scoped ref ReadOnlySpan<byte> bytes, out NullableBytes slice)
    {
        slice = default;
        if (!TryRead(ref bytes, out int length) || length > bytes.Length) return false;
        if (length < 0) return true;
        slice = new NullableBytes(bytes[..length]);
        bytes = bytes[length..];
        return true;
    }

    public static int Size(int value) => SizeUnsigned((uint)((value << 1) ^ (value >> 31)));

    public static int Size(long value) => SizeUnsigned((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes and returns how many bytes it took.</summary>
    public static int Write(Span<byte> bytes, int value) => WriteUnsigned(bytes, (uint)((value << 1) ^ (value >> 31)));

    public static int Write(Span<byte> bytes, long value) => WriteUnsigned(bytes, (ulong)((value << 1) ^ (value >> 63)));

    private static int SizeUnsigned(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7) size++;
        return size;
    }

    private static int WriteUnsigned(Span<byte> bytes, ulong value)
    {
        var i = 0;
        for (; value >= 0x80; value >>= 7) bytes[i++] = (byte)(value | 0x80);
        bytes[i++] = (byte)value;
        return i;
    }

    private static bool TryReadSlow(scoped ref ReadOnlySpan<byte> bytes, out int value)
    {
        uint raw = 0;
        for (var i = 0; i < MaxBytes32 && i < bytes.Length; i++)
        {
            raw |= (uint)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            value = (int)(raw >> 1) ^ -(int)(raw & 1);
            bytes = bytes[(i + 1)..];
            return true;
        }
        value = 0;
        return false;
    }

    private static bool TryReadSlow(scoped ref ReadOnlySpan<byte> bytes, out long value)
    {
        ulong raw = 0;
        for (var i = 0; i < MaxBytes64 && i < bytes.Length; i++)
        {
            raw |= (ulong)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            value = (long)(raw >> 1) ^ -(long)(raw & 1);
            bytes = bytes[(i + 1)..];
            return true;
        }
        value = 0;
        return false;
    }
}
