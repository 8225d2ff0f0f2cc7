using System.Buffers;
using KafkaCompat.Protocol.Checksums;

namespace KafkaCompat.Protocol.Records;

/// <summary>One batch of magic 2: its header and all of its bytes, where they lie.</summary>
public readonly record struct RecordBatchSlice(RecordBatchHeader Header, ReadOnlySequence<byte> Bytes)
{
    /// <summary>The records as they are stored, compressed or not.</summary>
    public ReadOnlySequence<byte> Payload => Bytes.Slice(RecordBatchHeader.Size);

    /// <summary>Whether the checksum in the header is that of the bytes that it covers: all from the attributes on.</summary>
    public bool IsSound() => Crc32C.Compute(Bytes.Slice(RecordBatchHeader.AttributesPosition)) == Header.Crc;
}
