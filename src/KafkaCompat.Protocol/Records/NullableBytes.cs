namespace KafkaCompat.Protocol.Records;

/// <summary>A key or a value: bytes, none, or null. A null value deletes in a compacted topic, an empty one does not.</summary>
public readonly ref struct NullableBytes
{
    private readonly bool _present;

    public NullableBytes(ReadOnlySpan<byte> bytes)
    {
        _present = true;
        Span = bytes;
    }

    public static NullableBytes Null => default;

    public bool IsNull => !_present;

    /// <summary>Empty for null.</summary>
    public ReadOnlySpan<byte> Span { get; }

    public int Length => Span.Length;

    /// <summary>A copy, or null.</summary>
    public byte[]? ToArray() => IsNull ? null : Span.ToArray();

    public static implicit operator NullableBytes(byte[]? bytes) => bytes is null ? default : new NullableBytes(bytes.AsSpan());

    public static implicit operator NullableBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? new NullableBytes(b.Span) : default;
}
