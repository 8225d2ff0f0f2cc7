using System.Runtime.CompilerServices;

namespace KafkaCompat.Protocol.Records;

/// <summary>A record taken apart: numbers, and where in the record's body key, value and headers stand. A length of -1 is null.</summary>
internal struct RecordFields
{
    public sbyte Attributes;
    public long TimestampDelta;
    public int OffsetDelta;
    public int KeyStart;
    public int KeyLength;
    public int ValueStart;
    public int ValueLength;
    public int HeaderStart;
    public int HeaderCount;

    /// <summary>Takes a body apart; says where a field runs past the end, a header has no key, or bytes are left over.</summary>
    public static RecordFault Parse(ReadOnlySpan<byte> body, out RecordFields fields)
    {
        fields = default;
        if (body.IsEmpty) return RecordFault.RecordMalformed;
        fields.Attributes = (sbyte)body[0];
        var at = 1;
        if (!TryReadLong(body, ref at, out fields.TimestampDelta) || !TryReadInt(body, ref at, out fields.OffsetDelta)) return RecordFault.RecordMalformed;
        if (!TryReadSlice(body, ref at, out fields.KeyStart, out fields.KeyLength)) return RecordFault.RecordMalformed;
        if (!TryReadSlice(body, ref at, out fields.ValueStart, out fields.ValueLength)) return RecordFault.RecordMalformed;
        if (!TryReadInt(body, ref at, out fields.HeaderCount)) return RecordFault.RecordMalformed;
        fields.HeaderStart = at;
        if (fields.HeaderCount < 0) return RecordFault.RecordFieldNegative;
        // However many are promised, each takes two bytes at least of what is there.
        for (var i = 0; i < fields.HeaderCount; i++)
        {
            if (!TryReadSlice(body, ref at, out _, out var keyLength)) return RecordFault.RecordMalformed;
            if (keyLength < 0) return RecordFault.RecordFieldNegative;
            if (!TryReadSlice(body, ref at, out _, out _)) return RecordFault.RecordMalformed;
        }
        return at == body.Length ? RecordFault.None : RecordFault.RecordMalformed;
    }

    private static bool TryReadSlice(ReadOnlySpan<byte> body, ref int at, out int start, out int length)
    {
        var hasLength = TryReadInt(body, ref at, out length);
        start = at;
        if (!hasLength || length > body.Length - at) return false;
        if (length > 0) at += length;
        else if (length < 0) length = -1;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadInt(ReadOnlySpan<byte> body, ref int at, out int value)
    {
        if ((uint)at < (uint)body.Length && body[at] is var b && b < 0x80)
        {
            at++;
            value = (b >>> 1) ^ -(b & 1);
            return true;
        }
        return TryReadIntSlow(body, ref at, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadLong(ReadOnlySpan<byte> body, ref int at, out long value)
    {
        if ((uint)at < (uint)body.Length && body[at] is var b && b < 0x80)
        {
            at++;
            value = (b >>> 1) ^ -(b & 1);
            return true;
        }
        return TryReadLongSlow(body, ref at, out value);
    }

    private static bool TryReadIntSlow(ReadOnlySpan<byte> body, ref int at, out int value)
    {
        var rest = body[at..];
        var read = RecordVarint.TryRead(ref rest, out value);
        at = body.Length - rest.Length;
        return read;
    }

    private static bool TryReadLongSlow(ReadOnlySpan<byte> body, ref int at, out long value)
    {
        var rest = body[at..];
        var read = RecordVarint.TryRead(ref rest, out value);
        at = body.Length - rest.Length;
        return read;
    }
}
