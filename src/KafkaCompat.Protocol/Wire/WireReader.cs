using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace KafkaCompat.Protocol;

/// <summary>
/// Reads a message out of memory that may be in pieces. Whatever lies within one piece is read straight from it; only values that straddle
/// two are copied together. Every length is checked against the bytes left, and what the message will allocate is counted before it is
/// allocated: at most <see cref="WireLimits.MostCost"/>, or what whoever reads it has set aside for it.
/// </summary>
public ref struct WireReader
{
    private const int EmptyList = 32;

    private readonly ReadOnlySequence<byte> _sequence;
    private readonly bool _keepUnknownTags;
    private readonly long _length;
    private ReadOnlySpan<byte> _span;
    private SequencePosition _nextPiece;
    private int _position;
    private long _before;
    private readonly long _maxCost;
    private long _cost;

    /// <summary>
    /// Reads a sequence; <paramref name="keepUnknownTags"/> keeps tagged fields that are not known, which a broker has no use for. A message that costs more
    /// than
    /// <paramref name="maxCost"/> and not more than any may is <see cref="WireFormatReason.TooCostlyNow"/>: it can be read again with more set aside.
    /// </summary>
    public WireReader(ReadOnlySequence<byte> sequence, bool keepUnknownTags = false, long maxCost = long.MaxValue)
    {
        _maxCost = Math.Min(maxCost, WireLimits.MostCost(sequence.Length));
        _sequence = sequence;
        _keepUnknownTags = keepUnknownTags;
        _length = sequence.Length;
        _nextPiece = sequence.Start;
        _span = default;
        _position = 0;
        _before = 0;
        NextPiece();
    }

    /// <summary>Reads one piece of memory.</summary>
    public WireReader(ReadOnlyMemory<byte> memory, bool keepUnknownTags = false)
        : this(new ReadOnlySequence<byte>(memory), keepUnknownTags)
    {
    }

    /// <summary>What the message allocates, as far as it has been read, by estimate.</summary>
    public readonly long Cost => _cost;

    /// <summary>What is left of what the message may cost.</summary>
    public readonly long RemainingCost => _maxCost - _cost;

    /// <summary>Bytes not yet read.</summary>
    public readonly long Remaining => _length - Consumed;

    /// <summary>Bytes read.</summary>
    public readonly long Consumed => _before + _position;

    /// <summary>Reads a bool: any byte but 0 is true.</summary>
    public bool ReadBool() => ReadByte() != 0;

    /// <summary>Reads one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte ReadByte()
    {
        if (_position == _span.Length)
        {
            Need(1);
            NextPiece();
        }

        return _span[_position++];
    }

    /// <summary>Reads an int8.</summary>
    public sbyte ReadInt8() => (sbyte)ReadByte();

    /// <summary>Reads an int16.</summary>
    public short ReadInt16() => TryTake(2, out var bytes) ? BinaryPrimitives.ReadInt16BigEndian(bytes) : (short)ReadSlowly(2);

    /// <summary>Reads a uint16.</summary>
    public ushort ReadUInt16() => (ushort)ReadInt16();

    /// <summary>Reads an int32.</summary>
    public int ReadInt32() => TryTake(4, out var bytes) ? BinaryPrimitives.ReadInt32BigEndian(bytes) : (int)ReadSlowly(4);

    /// <summary>Reads a uint32.</summary>
    public uint ReadUInt32() => (uint)ReadInt32();

    /// <summary>Reads an int64.</summary>
    public long ReadInt64() => TryTake(8, out var bytes) ? BinaryPrimitives.ReadInt64BigEndian(bytes) : (long)ReadSlowly(8);

    /// <summary>Reads a float64.</summary>
    public double ReadFloat64() => BitConverter.Int64BitsToDouble(ReadInt64());

    /// <summary>Reads an id.</summary>
    public Uuid ReadUuid()
    {
        var high = ReadInt64();
        return new Uuid(high, ReadInt64());
    }

    /// <summary>Reads an error code, known or not.</summary>
    public ErrorCode ReadErrorCode() => (ErrorCode)ReadInt16();

    /// <summary>Reads an unsigned number of up to five bytes, padded or not.</summary>
    public uint ReadUnsignedVarint()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var b = ReadByte();
            value |= (uint)(b & 0x7f) << shift;
            if ((b & 0x80) == 0)
            {
                return value;
            }
        }

        throw Failure(WireFormatReason.VarintTooLong, "a varint does not end after five bytes");
    }

    /// <summary>Reads a signed number of up to five bytes.</summary>
    public int ReadVarint()
    {
        var value = ReadUnsignedVarint();
        return (int)(value >> 1) ^ -(int)(value & 1);
    }

    /// <summary>Reads a signed number of up to ten bytes.</summary>
    public long ReadVarlong()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = ReadByte();
            value |= (ulong)(b & 0x7f) << shift;
            if ((b & 0x80) == 0)
            {
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw Failure(WireFormatReason.VarintTooLong, "a varlong does not end after ten bytes");
    }

    /// <summary>Reads a string that may not be null.</summary>
    public string ReadString(bool flexible) => ReadNullableString(flexible) ?? throw Failure(WireFormatReason.UnexpectedNull, "a string is null");

    /// <summary>Reads a string, null where its length is negative.</summary>
    public string? ReadNullableString(bool flexible)
    {
        var length = flexible ? (int)ReadUnsignedVarint() - 1 : ReadInt16();
        if (length <= 0)
        {
            return length < 0 ? null : "";
        }

        if (length > WireLimits.MaxStringLength)
        {
            throw Failure(WireFormatReason.StringTooLong, $"a string of {length} bytes");
        }

        Need(length);
        Charge(32 + (2L * length));
        if (TryTake(length, out var bytes))
        {
            return Decode(bytes);
        }

        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            CopyTo(rented.AsSpan(0, length));
            return Decode(rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Reads bytes that may not be null.</summary>
    public byte[] ReadBytes(bool flexible) => ReadNullableBytes(flexible) ?? throw Failure(WireFormatReason.UnexpectedNull, "bytes are null");

    /// <summary>Reads bytes, null where their length is negative.</summary>
    public byte[]? ReadNullableBytes(bool flexible)
    {
        var length = ReadLength(flexible);
        return length < 0 ? null : ReadRaw(length);
    }

    /// <summary>Reads as many bytes as are asked for.</summary>
    public byte[] ReadRaw(int length)
    {
        if (length == 0)
        {
            return [];
        }

        Need(length);
        Charge(32 + length);
        var bytes = new byte[length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads records that may not be null, as a slice of the memory that is read.</summary>
    public RecordBytes ReadRecords(bool flexible) => ReadNullableRecords(flexible) ?? throw Failure(WireFormatReason.UnexpectedNull, "records are null");

    /// <summary>Reads records as a slice of the memory that is read, null where their length is negative.</summary>
    public RecordBytes? ReadNullableRecords(bool flexible)
    {
        var length = ReadLength(flexible);
        if (length < 0)
        {
            return null;
        }

        Charge(64);
        return RecordBytes.From(ReadSlice(length));
    }

    /// <summary>Takes a slice of the memory that is read, without a copy.</summary>
    public ReadOnlySequence<byte> ReadSlice(int length)
    {
        Need(length);
        var slice = _sequence.Slice(Consumed, length);
        Skip(length);
        return slice;
    }

    /// <summary>
    /// Reads the length of an array, -1 for null. <paramref name="elementBytes"/> is the least an element takes on the wire,
    /// <paramref name="elementCost"/> what one allocates before its own strings and arrays.
    /// </summary>
    public int ReadArrayLength(bool flexible, bool nullable, int elementBytes, int elementCost)
    {
        var length = flexible ? (int)ReadUnsignedVarint() - 1 : ReadInt32();
        if (length == 0 && nullable)
        {
            // Null and empty are not the same, so there is a list for nothing.
            Charge(EmptyList);
        }

        if (length <= 0)
        {
            return length == 0 ? 0 : nullable ? -1 : throw Failure(WireFormatReason.UnexpectedNull, "an array is null");
        }

        if (length > WireLimits.MaxArrayLength || length > Remaining / elementBytes)
        {
            throw Failure(WireFormatReason.ArrayTooLong, $"an array of {length} elements with {Remaining} bytes left");
        }

        Charge(64 + ((long)length * elementCost));
        return length;
    }

    /// <summary>Reads whether a nullable struct is there.</summary>
    public bool ReadPresence() => ReadInt8() >= 0;

    /// <summary>Reads how many tagged fields follow.</summary>
    public int ReadTagCount()
    {
        var count = ReadUnsignedVarint();
        return count <= WireLimits.MaxTaggedFields ? (int)count : throw Failure(WireFormatReason.TooManyTags, $"{count} tagged fields");
    }

    /// <summary>Reads the number and size of a tagged field; its bytes are there.</summary>
    public int ReadTag(out int size)
    {
        var tag = (int)ReadUnsignedVarint();
        size = (int)ReadUnsignedVarint();
        Need(size);
        return tag;
    }

    /// <summary>Passes over a tagged field that is not known, or keeps it where the reader was asked to.</summary>
    public void ReadUnknownTag(int tag, int size, ref List<UnknownTag>? kept)
    {
        if (!_keepUnknownTags)
        {
            Skip(size);
            return;
        }

        Charge(kept is null ? 160 : 48);
        (kept ??= []).Add(new UnknownTag(tag, ReadRaw(size)));
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(int length)
    {
        Need(length);
        while (length > 0)
        {
            var here = Math.Min(length, _span.Length - _position);
            _position += here;
            length -= here;
            if (length > 0)
            {
                NextPiece();
            }
        }
    }

    /// <summary>Counts bytes that are about to be allocated for the message.</summary>
    public void Charge(long bytes)
    {
        _cost += bytes;
        if (_cost > _maxCost)
        {
            throw PastMaxCost();
        }
    }

    private readonly WireFormatException PastMaxCost()
    {
        var most = WireLimits.MostCost(_length);
        return _cost > most
            ? Failure(WireFormatReason.TooCostly, $"a message of {_length} bytes may allocate {most}, and this one would allocate more")
            : Failure(WireFormatReason.TooCostlyNow, $"a message of {_length} bytes would allocate more than {_maxCost}");
    }

    /// <summary>Refuses versions that a message does not have.</summary>
    public static void CheckVersion(short version, short lowest, short highest)
    {
        if (version < lowest || version > highest)
        {
            throw Failure(WireFormatReason.UnsupportedVersion, $"version {version} is not among {lowest} to {highest}");
        }
    }

    /// <summary>What generated readers throw where a known tag stands in a version without it.</summary>
    public static WireFormatException TagOutOfPlace(int tag, short version) =>
        Failure(WireFormatReason.TagOutOfPlace, $"tag {tag} is not there in version {version}");

    private static WireFormatException Failure(WireFormatReason reason, string message) => new(reason, message);

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        // Encoding allocates an array for each byte that it replaces; this way does not.
        var rented = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            _ = Utf8.ToUtf16(bytes, rented, out _, out var written);
            return new string(rented, 0, written);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    private int ReadLength(bool flexible)
    {
        var length = flexible ? (int)ReadUnsignedVarint() - 1 : ReadInt32();
        if (length > 0)
        {
            Need(length);
        }

        return length;
    }

    private readonly void Need(int length)
    {
        if (length < 0 || length > Remaining)
        {
            throw Failure(WireFormatReason.Truncated, $"{length} bytes are needed, {Remaining} are left");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake(int length, out ReadOnlySpan<byte> bytes)
    {
        if (_span.Length - _position >= length)
        {
            bytes = _span.Slice(_position, length);
            _position += length;
            return true;
        }

        bytes = default;
        return false;
    }

    private ulong ReadSlowly(int length)
    {
        Need(length);
        ulong value = 0;
        for (var i = 0; i < length; i++)
        {
            value = (value << 8) | ReadByte();
        }

        return value;
    }

    private void CopyTo(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (_position == _span.Length)
            {
                NextPiece();
            }

            var here = Math.Min(destination.Length, _span.Length - _position);
            _span.Slice(_position, here).CopyTo(destination);
            _position += here;
            destination = destination[here..];
        }
    }

    private void NextPiece()
    {
        _before += _span.Length;
        _position = 0;
        _span = default;
        while (_sequence.TryGet(ref _nextPiece, out var memory))
        {
            if (!memory.IsEmpty)
            {
                _span = memory.Span;
                return;
            }
        }
    }
}
