using System.Buffers;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Steps over the records of a batch without keeping any: over segments where they lie, or over what a codec hands out. A record within
/// one piece is taken apart at once; one that straddles pieces is stepped through field by field, so nothing is ever copied.
/// </summary>
internal ref struct RecordCursor
{
    private readonly DecompressionSource? _source;
    private readonly ReadOnlySequence<byte> _records;
    private readonly int _maxRecordBytes;
    private readonly long _maxBytes;
    private SequencePosition _next;
    private ReadOnlySpan<byte> _span;
    private int _pieceLength;
    private long _before;

    /// <summary>Over records as they are.</summary>
    public RecordCursor(scoped in ReadOnlySequence<byte> records)
    {
        _records = records;
        _next = records.Start;
        _maxRecordBytes = int.MaxValue;
        _maxBytes = long.MaxValue;
    }

    /// <summary>
    /// Over decompressed records: none may be larger than <paramref name="maxRecordBytes"/>, all together not larger than <paramref name="maxBytes"/>.
    /// </summary>
    public RecordCursor(DecompressionSource source, int maxRecordBytes, long maxBytes)
    {
        _source = source;
        _maxRecordBytes = maxRecordBytes;
        _maxBytes = maxBytes;
    }

    /// <summary>How many bytes it has stepped over.</summary>
    public readonly long Position => _before + (_pieceLength - _span.Length);

    public readonly bool IsDamaged => _source is { IsDamaged: true };

    /// <summary>Whether the codec has handed out more than it may; nothing more is taken from it then.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Whether another byte is there; asks the codec for it if need be.</summary>
    public bool HasMore() => !_span.IsEmpty || Refill();

    /// <summary>Steps over all that is left and may be read, for the codec to say whether it is sound.</summary>
    public void SkipToEnd()
    {
        while (HasMore()) _span = default;
    }

    /// <summary>The next record's numbers; key and value by their lengths only.</summary>
    public RecordFault TryRead(out RecordFields fields)
    {
        fields = default;
        if (!HasMore()) return RecordFault.RecordsMissing;
        var span = _span;
        if (RecordVarint.TryRead(ref span, out int length) && (uint)length <= (uint)span.Length && length <= _maxRecordBytes)
        {
            _span = span[length..];
            return RecordFields.Parse(span[..length], out fields);
        }
        return TryReadStraddling(out fields);
    }

    private RecordFault TryReadStraddling(out RecordFields fields)
    {
        fields = default;
        switch (TryReadVarint(RecordVarint.MaxBytes32, out var raw))
        {
            case Outcome.End: return RecordFault.RecordsMissing;
            case Outcome.TooLong: return RecordFault.RecordLengthOverlong;
        }
        var length = Int(raw);
        if (length < 0) return RecordFault.RecordLengthInvalid;
        if (length > _maxRecordBytes) return RecordFault.RecordTooLarge;
        if (_source is null && length > _records.Length - Position) return RecordFault.RecordLengthInvalid;
        return ReadBody(Position + length, out fields);
    }

    private RecordFault ReadBody(long end, out RecordFields fields)
    {
        fields = default;
        if (Position == end || !HasMore()) return RecordFault.RecordMalformed;
        fields.Attributes = (sbyte)_span[0];
        _span = _span[1..];
        if (TryReadVarint(RecordVarint.MaxBytes64, out var timestampDelta) != Outcome.Read || !TryReadInt(out fields.OffsetDelta))
            return RecordFault.RecordMalformed;
        fields.TimestampDelta = (long)(timestampDelta >> 1) ^ -(long)(timestampDelta & 1);
        if (!TrySkipSlice(end, out fields.KeyLength) || !TrySkipSlice(end, out fields.ValueLength)) return RecordFault.RecordMalformed;
        if (!TryReadInt(out fields.HeaderCount)) return RecordFault.RecordMalformed;
        if (fields.HeaderCount < 0) return RecordFault.RecordFieldNegative;
        for (var i = 0; i < fields.HeaderCount; i++)
        {
            if (!TrySkipSlice(end, out var keyLength)) return RecordFault.RecordMalformed;
            if (keyLength < 0) return RecordFault.RecordFieldNegative;
            if (!TrySkipSlice(end, out _)) return RecordFault.RecordMalformed;
        }
        return Position == end ? RecordFault.None : RecordFault.RecordMalformed;
    }

    private bool TrySkipSlice(long end, out int length)
    {
        if (!TryReadInt(out length) || length > end - Position) return false;
        if (length < 0)
        {
            length = -1;
            return Position <= end;
        }
        for (var left = length; left > 0;)
        {
            if (!HasMore()) return false;
            var step = Math.Min(left, _span.Length);
            _span = _span[step..];
            left -= step;
        }
        return true;
    }

    private bool TryReadInt(out int value)
    {
        var read = TryReadVarint(RecordVarint.MaxBytes32, out var raw) == Outcome.Read;
        value = Int(raw);
        return read;
    }

    private static int Int(ulong raw) => (int)((uint)raw >> 1) ^ -(int)(raw & 1);

    private Outcome TryReadVarint(int maxBytes, out ulong raw)
    {
        raw = 0;
        for (var i = 0; i < maxBytes; i++)
        {
            if (!HasMore()) return Outcome.End;
            var b = _span[0];
            _span = _span[1..];
            raw |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80) return Outcome.Read;
        }
        return Outcome.TooLong;
    }

    private bool Refill()
    {
        _before += _pieceLength;
        _pieceLength = 0;
        if (_source is not null)
        {
            if (IsTooLarge || !_source.TryRead(out _span)) _span = default;
            if (_before + _span.Length > _maxBytes)
            {
                IsTooLarge = true;
                _span = default;
            }
        }
        else
        {
            while (_span.IsEmpty && _records.TryGet(ref _next, out var memory)) _span = memory.Span;
        }
        _pieceLength = _span.Length;
        return _pieceLength > 0;
    }

    private enum Outcome
    {
        Read,
        End,
        TooLong,
    }
}
