namespace KafkaCompat.Protocol.Records;

/// <summary>A header of a record: a key in UTF-8 and a value that may be null.</summary>
public readonly ref struct RecordHeaderView
{
    internal RecordHeaderView(ReadOnlySpan<byte> key, NullableBytes value)
    {
        Key = key;
        Value = value;
    }

    public ReadOnlySpan<byte> Key { get; }

    public NullableBytes Value { get; }
}

/// <summary>The headers of one record, in their order; keys may repeat.</summary>
public ref struct RecordHeaderEnumerator
{
    private ReadOnlySpan<byte> _rest;
    private int _left;

    internal RecordHeaderEnumerator(ReadOnlySpan<byte> bytes, int count)
    {
        _rest = bytes;
        _left = count;
    }

    public readonly RecordHeaderEnumerator GetEnumerator() => this;

    public RecordHeaderView Current { get; private set; }

    public bool MoveNext()
    {
        if (_left == 0) return false;
        _left--;
        // The reader walked these bytes before it handed them out, so nothing below can fail.
        _ = RecordVarint.TryReadSlice(ref _rest, out var key);
        _ = RecordVarint.TryReadSlice(ref _rest, out var value);
        Current = new RecordHeaderView(key.Span, value);
        return true;
    }
}
