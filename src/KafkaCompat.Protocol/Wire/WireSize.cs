using System.Numerics;
using System.Text;

namespace KafkaCompat.Protocol;

/// <summary>Bytes that values take on the wire.</summary>
public static class WireSize
{
    /// <summary>Bytes of an unsigned varint.</summary>
    public static int UnsignedVarint(uint value) => value == 0 ? 1 : (BitOperations.Log2(value) / 7) + 1;

    /// <summary>Bytes of a signed varint.</summary>
    public static int Varint(int value) => UnsignedVarint((uint)((value << 1) ^ (value >> 31)));

    /// <summary>Bytes of a signed varlong.</summary>
    public static int Varlong(long value)
    {
        var zigzag = (ulong)((value << 1) ^ (value >> 63));
        return zigzag == 0 ? 1 : (BitOperations.Log2(zigzag) / 7) + 1;
    }

    /// <summary>Bytes of a string, null or not.</summary>
    public static int String(string? value, bool flexible)
    {
        var bytes = value is null ? 0 : Encoding.UTF8.GetByteCount(value);
        return flexible ? bytes + (value is null ? 1 : UnsignedVarint((uint)bytes + 1)) : bytes + 2;
    }

    /// <summary>Bytes of bytes, null or not.</summary>
    public static int Bytes(byte[]? value, bool flexible) => Prefixed(value is null ? -1 : value.Length, flexible);

    /// <summary>Bytes of records, null or not.</summary>
    public static int Records(RecordBytes? value, bool flexible) => Prefixed(value is null ? -1 : value.Length, flexible);

    /// <summary>Bytes of an array's length; -1 is null.</summary>
    public static int ArrayLength(int length, bool flexible) => flexible ? UnsignedVarint((uint)(length + 1)) : 4;

    /// <summary>Bytes of a tagged field with its number and size.</summary>
    /// <exception cref="OverflowException">No message can have so many bytes.</exception>
    public static int Tag(int tag, int size)
    {
        // A tag is any 32 bits, and the largest ones are negative here.
        var head = UnsignedVarint((uint)tag) + UnsignedVarint((uint)size);
        return checked(head + size);
    }

    /// <summary>Bytes of the count of tagged fields and of those kept unknown.</summary>
    public static int Tags(int known, List<UnknownTag>? unknown)
    {
        var count = known + (unknown?.Count ?? 0);
        var size = UnsignedVarint((uint)count);
        if (unknown is not null)
        {
            foreach (var tag in unknown)
            {
                size = checked(size + Tag(tag.Tag, tag.Data.Length));
            }
        }

        return size;
    }

    private static int Prefixed(int length, bool flexible) =>
        flexible ? UnsignedVarint((uint)(length + 1)) + Math.Max(0, length) : 4 + Math.Max(0, length);
}
