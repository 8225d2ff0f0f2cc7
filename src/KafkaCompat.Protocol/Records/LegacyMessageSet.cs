using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Reads messages of magic 0 and 1, which no client may send any more but old logs hold. Offset, size, CRC-32, magic, attributes, in magic 1 a
/// timestamp, key, value. A compressed message wraps a set: in magic 0 with their offsets, in magic 1 with offsets that count up to the
/// wrapper's, which is the last one's.
/// </summary>
public static class LegacyMessageSet
{
    private const int CrcPosition = 12, MagicPosition = 16, AttributesPosition = 17, TimestampPosition = 18;

    /// <summary>Reads the set to its end or its first fault; no compressed message may hold more than <paramref name="maxDecompressedBytes"/>.</summary>
    public static RecordFault TryRead(ReadOnlyMemory<byte> bytes, int maxDecompressedBytes, out List<LegacyBatch> batches)
    {
        batches = [];
        while (!bytes.IsEmpty)
        {
            var fault = RecordBatchEnumerator.Peek(new ReadOnlySequence<byte>(bytes), out var size);
            if (fault == RecordFault.None) return RecordFault.UnknownMagic;
            if (fault != RecordFault.LegacyMagic) return fault;
            if (!TryReadOne(bytes[..size], out var message, out var magic, out var attributes)) return RecordFault.RecordMalformed;
            fault = TryUnwrap(message, magic, attributes, maxDecompressedBytes, out var messages);
            if (fault != RecordFault.None) return fault;
            var span = bytes.Span;
            var crc = BinaryPrimitives.ReadUInt32BigEndian(span[CrcPosition..]);
            batches.Add(
                new LegacyBatch(messages[0].Offset, message.Offset, size, magic, crc, Crc32.Compute(span[MagicPosition..size]) == crc, attributes,
                message.Timestamp, messages));
            bytes = bytes[size..];
        }
        return RecordFault.None;
    }

    private static RecordFault TryUnwrap(in LegacyMessage wrapper, sbyte magic, sbyte attributes, int maxDecompressedBytes, out List<LegacyMessage> messages)
    {
        messages = [wrapper];
        var codec = (CompressionType)(attributes & BatchAttributes.CodecMask);
        if (codec == CompressionType.None) return RecordFault.None;
        if (codec > CompressionType.Lz4) return RecordFault.UnknownCodec;
        if (wrapper.Value is not { } compressed) return RecordFault.RecordMalformed;

        var input = new ReadOnlySequence<byte>(compressed);
        using var buffer = new PooledBuffer();
        // The first clients with LZ4 took its header's checksum over the wrong bytes.
        using var source = codec == CompressionType.Lz4 ? new Lz4FrameSource(input, checksHeader: magic > 0) : CompressionCodecs.Get(codec).Open(input);
        var result = CompressionCodecs.Drain(source, buffer, maxDecompressedBytes);
        if (result != DecompressionResult.Done) return result == DecompressionResult.TooLarge ? RecordFault.DecompressedTooLarge : RecordFault.Undecodable;

        messages.Clear();
        ReadOnlyMemory<byte> rest = buffer.WrittenSpan.ToArray();
        while (!rest.IsEmpty)
        {
            var fault = RecordBatchEnumerator.Peek(new ReadOnlySequence<byte>(rest), out var size);
            if (fault != RecordFault.LegacyMagic) return fault == RecordFault.BatchIncomplete ? RecordFault.RecordsMissing : RecordFault.RecordMalformed;
            if (!TryReadOne(rest[..size], out var message, out var innerMagic, out var innerAttributes)) return RecordFault.RecordMalformed;
            if (innerMagic != magic || (innerAttributes & BatchAttributes.CodecMask) != 0) return RecordFault.RecordMalformed;
            messages.Add(message);
            rest = rest[size..];
        }
        if (messages.Count == 0) return RecordFault.RecordsMissing;
        if (magic == 0) return RecordFault.None;

        var isBrokersTime = (attributes & BatchAttributes.LogAppendTime) != 0;
        var first = wrapper.Offset - messages[^1].Offset;
        for (var i = 0; i < messages.Count; i++)
            messages[i] = messages[i] with { Offset = first + messages[i].Offset, Timestamp = isBrokersTime ? wrapper.Timestamp : messages[i].Timestamp };
        return RecordFault.None;
    }

    private static bool TryReadOne(ReadOnlyMemory<byte> bytes, out LegacyMessage message, out sbyte magic, out sbyte attributes)
    {
        message = default;
        attributes = 0;
        var span = bytes.Span;
        magic = (sbyte)span[MagicPosition];
        var at = magic == 0 ? TimestampPosition : TimestampPosition + 8;
        if (span.Length < at) return false;
        attributes = (sbyte)span[AttributesPosition];
        var timestamp = magic == 0 ? RecordBatchHeader.NoTimestamp : BinaryPrimitives.ReadInt64BigEndian(span[TimestampPosition..]);
        if (!TryReadSlice(bytes, ref at, out var key) || !TryReadSlice(bytes, ref at, out var value) || at != bytes.Length) return false;
        message = new LegacyMessage(BinaryPrimitives.ReadInt64BigEndian(span), timestamp, key, value);
        return true;
    }

    private static bool TryReadSlice(ReadOnlyMemory<byte> bytes, ref int at, out ReadOnlyMemory<byte>? slice)
    {
        slice = null;
        if (bytes.Length - at < 4) return false;
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes.Span[at..]);
        at += 4;
        if (length < 0) return true;
        if (length > bytes.Length - at) return false;
        slice = bytes.Slice(at, length);
        at += length;
        return true;
    }
}
