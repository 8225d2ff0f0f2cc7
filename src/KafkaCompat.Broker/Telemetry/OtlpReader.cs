using System.Buffers.Binary;
using System.Text;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>Reads the fields of a protocol buffers message from a span. Every length is checked against what is left.</summary>
internal ref struct OtlpReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private int _wireType;

    /// <summary>The number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>True where the bytes were no message. Nothing more is read then.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>A field that has bytes: a text or a message.</summary>
    public readonly bool IsBytes => _wireType == 2;

    /// <summary>The bytes of the field; empty where it is of another kind.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The bits of the field; 0 where it has bytes.</summary>
    public ulong Bits { get; private set; }

    public readonly double Double => BitConverter.UInt64BitsToDouble(Bits);

    public readonly string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Moves to the next field; false at the end and where the bytes are broken.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty || IsBroken) return false;
        if (!Varint(out var tag) || tag >> 3 is 0 or > int.MaxValue) return Break();
        (Field, _wireType, Bits) = ((int)(tag >> 3), (int)(tag & 7), 0);
        Bytes = default;
        switch (_wireType)
        {
            case 0:
                if (!Varint(out var value)) return Break();
                Bits = value;
                return true;
            case 1 when _rest.Length >= 8:
                Bits = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                _rest = _rest[8..];
                return true;
            case 2:
                if (!Varint(out var length) || length > (ulong)_rest.Length) return Break();
                Bytes = _rest[..(int)length];
                _rest = _rest[(int)length..];
                return true;
            case 5 when _rest.Length >= 4:
                Bits = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[4..];
                return true;
            default:
                return Break();
        }
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }

    private bool Varint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return true;
        }
        return false;
    }
}
