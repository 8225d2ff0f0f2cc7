using System.Buffers;
using System.Buffers.Binary;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Cuts bytes into batches without a copy. It looks at lengths and magic alone; checksums are the business of whoever needs them.
/// </summary>
/// <example><code>
/// foreach (var batch in RecordBatchEnumerator.Over(bytes)) …
/// </code></example>
public ref struct RecordBatchEnumerator
{
    private ReadOnlySequence<byte> _rest;

    private RecordBatchEnumerator(ReadOnlySequence<byte> bytes) => _rest = bytes;

    public static RecordBatchEnumerator Over(in ReadOnlySequence<byte> bytes) => new(bytes);

    public static RecordBatchEnumerator Over(ReadOnlyMemory<byte> bytes) => new(new ReadOnlySequence<byte>(bytes));

    public readonly RecordBatchEnumerator GetEnumerator() => this;

    public RecordBatchSlice Current { get; private set; }

    /// <summary>Why <see cref="MoveNext"/> returned false; none where the bytes end with a batch.</summary>
    public RecordFault Fault { get; private set; }

    /// <summary>What is not yet enumerated.</summary>
    public readonly ReadOnlySequence<byte> Remaining => _rest;

    public bool MoveNext()
    {
        Current = default;
        if (Fault != RecordFault.None || _rest.IsEmpty) return false;
        Fault = Peek(_rest, out var size);
        if (Fault != RecordFault.None) return false;
        var bytes = _rest.Slice(0, size);
        _ = RecordBatchHeader.TryRead(bytes, out var header);
        Current = new RecordBatchSlice(header, bytes);
        _rest = _rest.Slice(size);
        return true;
    }

    /// <summary>Whether a whole magic 2 batch stands first in these bytes, and its size. The size is set for older magics too.</summary>
    internal static RecordFault Peek(in ReadOnlySequence<byte> bytes, out int size)
    {
        const int Prefix = RecordBatchHeader.MagicPosition + 1;
        size = 0;
        if (bytes.Length < RecordBatchHeader.LogOverhead) return RecordFault.BatchIncomplete;
        Span<byte> copy = stackalloc byte[Prefix];
        scoped ReadOnlySpan<byte> first = bytes.FirstSpan;
        if (first.Length < Prefix)
        {
            var available = (int)Math.Min(Prefix, bytes.Length);
            bytes.Slice(0, available).CopyTo(copy);
            first = copy[..available];
        }
        var length = BinaryPrimitives.ReadInt32BigEndian(first[RecordBatchHeader.BatchLengthPosition..]);
        if (length < RecordBatchHeader.MinBatchLength) return RecordFault.BatchLengthTooSmall;
        if (first.Length < Prefix) return RecordFault.BatchIncomplete;
        var magic = (sbyte)first[RecordBatchHeader.MagicPosition];
        if (magic is < 0 or > RecordBatchHeader.CurrentMagic) return RecordFault.UnknownMagic;
        if (bytes.Length - RecordBatchHeader.LogOverhead < length) return RecordFault.BatchIncomplete;
        size = length + RecordBatchHeader.LogOverhead;
        if (magic < RecordBatchHeader.CurrentMagic) return RecordFault.LegacyMagic;
        return size < RecordBatchHeader.Size ? RecordFault.HeaderIncomplete : RecordFault.None;
    }
}
