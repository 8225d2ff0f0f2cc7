namespace KafkaCompat.Protocol.Records;

/// <summary>One record of a batch, as slices of the batch's bytes. It is valid until the reader moves on.</summary>
public readonly ref struct RecordView
{
    /// <summary>All of it, the length in front included.</summary>
    public int SizeInBytes { get; init; }

    /// <summary>No bit of it has a meaning yet.</summary>
    public sbyte Attributes { get; init; }

    public long TimestampDelta { get; init; }

    public int OffsetDelta { get; init; }

    public long Offset { get; init; }

    public long Timestamp { get; init; }

    /// <summary>The batch's base sequence plus the delta, or -1.</summary>
    public int Sequence { get; init; }

    public NullableBytes Key { get; init; }

    public NullableBytes Value { get; init; }

    public int HeaderCount { get; init; }

    /// <summary>The headers' bytes, already checked to hold <see cref="HeaderCount"/> of them.</summary>
    internal ReadOnlySpan<byte> HeaderBytes { get; init; }

    public RecordHeaderEnumerator Headers => new(HeaderBytes, HeaderCount);
}
