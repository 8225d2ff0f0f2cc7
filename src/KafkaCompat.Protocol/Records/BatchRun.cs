using System.Buffers;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Whole batches of magic 2, one behind the other, whose headers were read once: whoever checks, writes and indexes them is handed this and reads none again.
/// A run of one batch allocates nothing.
/// </summary>
public readonly struct BatchRun
{
    private readonly RecordBatchHeader _first;
    private readonly RecordBatchHeader[]? _all;

    /// <summary>A run of one batch, whose header is known. Throws <see cref="ArgumentException"/> where the bytes are more or less than that batch.</summary>
    public BatchRun(in RecordBatchHeader header, in ReadOnlySequence<byte> bytes)
    {
        if (header.SizeInBytes != bytes.Length)
            throw new ArgumentException($"The batch has {header.SizeInBytes} bytes by its header, and {bytes.Length} are given.", nameof(bytes));
        _first = header;
        Bytes = bytes;
        Count = 1;
    }

    private BatchRun(RecordBatchHeader[] headers, in ReadOnlySequence<byte> bytes)
    {
        _all = headers;
        Bytes = bytes;
        Count = headers.Length;
    }

    /// <summary>All bytes of all batches.</summary>
    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>How many batches there are; 0 in a run of no bytes.</summary>
    public int Count { get; }

    /// <summary>The header of a batch, by its place in the run.</summary>
    public RecordBatchHeader this[int index] => _all is null ? _first : _all[index];

    /// <summary>Reads the headers of whole batches. Throws <see cref="ArgumentException"/> where the bytes end within one.</summary>
    public static BatchRun Read(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty) return default;
        var first = HeaderOf(bytes);
        if (first.SizeInBytes == bytes.Length) return new BatchRun(first, bytes);
        var headers = new List<RecordBatchHeader> { first };
        for (var rest = bytes.Slice(first.SizeInBytes); !rest.IsEmpty; rest = rest.Slice(headers[^1].SizeInBytes)) headers.Add(HeaderOf(rest));
        return new BatchRun([.. headers], bytes);
    }

    /// <summary>A run whose headers were read by whoever cut it. Throws <see cref="ArgumentException"/> where they are of more or fewer bytes.</summary>
    public static BatchRun Of(IReadOnlyList<RecordBatchHeader> headers, in ReadOnlySequence<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (headers.Count == 1) return new BatchRun(headers[0], bytes);
        var size = 0L;
        foreach (var header in headers) size += header.SizeInBytes;
        if (size != bytes.Length) throw new ArgumentException($"The batches have {size} bytes by their headers, and {bytes.Length} are given.", nameof(bytes));
        return headers.Count == 0 ? default : new BatchRun([.. headers], bytes);
    }

    private static RecordBatchHeader HeaderOf(in ReadOnlySequence<byte> bytes) =>
        RecordBatchHeader.TryRead(bytes, out var header) && header.SizeInBytes >= RecordBatchHeader.Size && header.SizeInBytes <= bytes.Length
            ? header
            : throw new ArgumentException("The bytes are not whole batches.", nameof(bytes));
}
