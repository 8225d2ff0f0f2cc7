using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace KafkaCompat.Protocol;

/// <summary>
/// Writes a message into a buffer. Call <see cref="Flush"/> when all is written. Record regions go to <paramref name="regions"/>, where there is one, in
/// the place of their bytes.
/// </summary>
public ref struct WireWriter(IBufferWriter<byte> buffer, IRegionSink? regions = null)
{
    private Span<byte> _span;
    private int _position;

    /// <summary>Tells the buffer what has been written. A writer that is not flushed has written nothing.</summary>
    public void Flush()
    {
        if (_position > 0)
        {
            buffer.Advance(_position);
        }

        _span = default;
        _position = 0;
    }

    /// <summary>Writes a bool.</summary>
    public void WriteBool(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        Reserve(1)[0] = value;
        _position++;
    }

    /// <summary>Writes an int8.</summary>
    public void WriteInt8(sbyte value) => WriteByte((byte)value);

    /// <summary>Writes an int16.</summary>
    public void WriteInt16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);
        _position += 2;
    }

    /// <summary>Writes a uint16.</summary>
    public void WriteUInt16(ushort value) => WriteInt16((short)value);

    /// <summary>Writes an int32.</summary>
    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);
        _position += 4;
    }

    /// <summary>Writes a uint32.</summary>
    public void WriteUInt32(uint value) => WriteInt32((int)value);

    /// <summary>Writes an int64.</summary>
    public void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);
        _position += 8;
    }

    /// <summary>Writes a float64.</summary>
    public void WriteFloat64(double value) => WriteInt64(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes an id.</summary>
    public void WriteUuid(Uuid value)
    {
        value.Write(Reserve(Uuid.Size));
        _position += Uuid.Size;
    }

    /// <summary>Writes an error code.</summary>
    public void WriteErrorCode(ErrorCode value) => WriteInt16((short)value);

    /// <summary>Writes an unsigned varint.</summary>
    public void WriteUnsignedVarint(uint value)
    {
        var span = Reserve(5);
        var at = 0;
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[at++] = (byte)value;
        _position += at;
    }

    /// <summary>Writes a signed varint.</summary>
    public void WriteVarint(int value) => WriteUnsignedVarint((uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes a signed varlong.</summary>
    public void WriteVarlong(long value)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        var span = Reserve(10);
        var at = 0;
        while (rest >= 0x80)
        {
            span[at++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        span[at++] = (byte)rest;
        _position += at;
    }

    /// <summary>Writes a string that may not be null.</summary>
    public void WriteString(string value, bool flexible)
    {
        var length = Encoding.UTF8.GetByteCount(value ?? throw NullInVersion());
        if (length > WireLimits.MaxStringLength)
        {
            throw new ArgumentException($"a string of {length} bytes does not fit the protocol", nameof(value));
        }

        if (flexible)
        {
            WriteUnsignedVarint((uint)length + 1);
        }
        else
        {
            WriteInt16((short)length);
        }

        if (length > 0)
        {
            // Reserve may flush and so move the position: it comes first.
            var destination = Reserve(length);
            _position += Encoding.UTF8.GetBytes(value, destination);
        }
    }

    /// <summary>Writes a string or null.</summary>
    public void WriteNullableString(string? value, bool flexible)
    {
        if (value is not null)
        {
            WriteString(value, flexible);
        }
        else if (flexible)
        {
            WriteUnsignedVarint(0);
        }
        else
        {
            WriteInt16(-1);
        }
    }

    /// <summary>Writes bytes that may not be null.</summary>
    public void WriteBytes(byte[] value, bool flexible) => WriteNullableBytes(value ?? throw NullInVersion(), flexible);

    /// <summary>Writes bytes or null.</summary>
    public void WriteNullableBytes(byte[]? value, bool flexible)
    {
        WriteArrayLength(value is null ? -1 : value.Length, flexible);
        if (value is not null)
        {
            WriteRaw(value);
        }
    }

    /// <summary>Writes records that may not be null.</summary>
    public void WriteRecords(RecordBytes value, bool flexible) => WriteNullableRecords(value ?? throw NullInVersion(), flexible);

    /// <summary>Writes records or null; a region goes to the sink.</summary>
    public void WriteNullableRecords(RecordBytes? value, bool flexible)
    {
        WriteArrayLength(value is null ? -1 : value.Length, flexible);
        if (value is null)
        {
            return;
        }

        if (value.Region is { } region)
        {
            Flush();
            if (regions is null)
            {
                region.CopyTo(buffer);
            }
            else
            {
                regions.Accept(region);
            }

            return;
        }

        foreach (var piece in value.Memory)
        {
            WriteRaw(piece.Span);
        }
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var span = Reserve(1);
            var here = Math.Min(span.Length, bytes.Length);
            bytes[..here].CopyTo(span);
            _position += here;
            bytes = bytes[here..];
        }
    }

    /// <summary>Writes the length of an array or of bytes; -1 is null.</summary>
    public void WriteArrayLength(int length, bool flexible)
    {
        if (flexible)
        {
            WriteUnsignedVarint((uint)(length + 1));
        }
        else
        {
            WriteInt32(length);
        }
    }

    /// <summary>Writes whether a nullable struct is there.</summary>
    public void WritePresence(bool present) => WriteInt8(present ? (sbyte)1 : (sbyte)-1);

    /// <summary>Writes how many tagged fields follow.</summary>
    public void WriteTagCount(int count) => WriteUnsignedVarint((uint)count);

    /// <summary>Writes the number and size of a tagged field.</summary>
    public void WriteTag(int tag, int size)
    {
        WriteUnsignedVarint((uint)tag);
        WriteUnsignedVarint((uint)size);
    }

    /// <summary>What writers throw where null is set in a version that has no null there.</summary>
    public static InvalidOperationException NullInVersion() => new("a field is null in a version in which it may not be");

    private Span<byte> Reserve(int length)
    {
        if (_span.Length - _position < length)
        {
            Flush();
            _span = buffer.GetSpan(length);
        }

        return _span[_position..];
    }
}
