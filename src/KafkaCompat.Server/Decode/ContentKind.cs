using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>
/// What a file is by its first bytes, for one whose name says nothing: usually a segment or an index that was copied under another name. What proves
/// itself (a checksum, a length that has to fit, a request that is read to its last byte) is asked for first, what merely looks plausible last.
/// </summary>
internal static class ContentKind
{
    /// <summary>Bytes that are looked at.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int OffsetEntry = 8;
    private const int TimeEntry = 12;
    private const int TransactionEntry = 34;

    /// <summary>Of a producer snapshot: version, checksum and the number of entries; then the entries.</summary>
    private const int ProducerHead = 10;

    private const int ProducerEntry = 46;
    private const int ProducerVersion = 1;

    /// <summary>The year 2100, in milliseconds: times of a time index lie before it.</summary>
    private const long LastMs = 4_102_444_800_000;

    /// <summary>Null where the bytes look like nothing that is known.</summary>
    /// <param name="bytes">The first bytes of the file, <see cref="MaxBytes"/> at most.</param>
    /// <param name="length">How many the file has.</param>
    public static DecodeKind? Of(ReadOnlyMemory<byte> bytes, long length)
    {
        var span = bytes.Span;
        return IsSoundBatch(bytes) || IsLegacyMessage(span) || IsReserved(span) ? DecodeKind.Batches
            : IsText(span) ? DecodeKind.Text
            : IsProducerSnapshot(span, length) ? DecodeKind.ProducerSnapshot
            : IsWholeRequest(bytes) ? DecodeKind.Request
            : IsTransactionIndex(span, length) ? DecodeKind.TransactionIndex
            : IsOffsetIndex(span, length) ? DecodeKind.OffsetIndex
            : IsTimeIndex(span, length) ? DecodeKind.TimeIndex
            : IsBatchHeader(span) ? DecodeKind.Batches
            : IsFrame(span, length) ? DecodeKind.Request
            : null;
    }

    /// <summary>A batch that is what its checksum says.</summary>
    private static bool IsSoundBatch(ReadOnlyMemory<byte> bytes)
    {
        var batches = RecordBatchEnumerator.Over(bytes);
        return batches.MoveNext() && batches.Current.IsSound();
    }

    /// <summary>A message of magic 0 or 1 that is what its checksum says.</summary>
    private static bool IsLegacyMessage(ReadOnlySpan<byte> bytes) =>
        LegacyMessageHeader.TryRead(bytes, out var header) && header.BaseOffset >= 0 && header.SizeInBytes <= bytes.Length
            && LegacyMessageHeader.IsSound(bytes[..header.SizeInBytes]);

    /// <summary>Room that was reserved and never written: there is nothing in it, whatever it was for.</summary>
    private static bool IsReserved(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            if (one is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t') or 0x7f) return false;
        }

        return true;
    }

    /// <summary>A version, and a number of entries that makes up the length.</summary>
    private static bool IsProducerSnapshot(ReadOnlySpan<byte> bytes, long length) =>
        bytes.Length >= ProducerHead
        && BinaryPrimitives.ReadInt16BigEndian(bytes) == ProducerVersion
        && BinaryPrimitives.ReadInt32BigEndian(bytes[(ProducerHead - 4)..]) is >= 0 and var entries
        && length == ProducerHead + ((long)entries * ProducerEntry);

    /// <summary>A frame whose request is read to its last byte.</summary>
    private static bool IsWholeRequest(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 12 || BinaryPrimitives.ReadInt32BigEndian(bytes.Span) is not (>= 8 and var frame) || frame > bytes.Length - 4) return false;
        var reader = new WireReader(new ReadOnlySequence<byte>(bytes.Slice(4, frame)), keepUnknownTags: true);
        try
        {
            var (number, version) = (BinaryPrimitives.ReadInt16BigEndian(bytes.Span[4..]), BinaryPrimitives.ReadInt16BigEndian(bytes.Span[6..]));
            if (ApiCatalog.Find(number) is not { } api || !api.Versions.Contains(version)) return false;
            _ = RequestHeader.Read(ref reader, api.RequestHeaderVersion(version));
            _ = ApiCatalog.ReadRequest(api.Key, ref reader, version);
            return reader.Remaining == 0;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    /// <summary>Entries of version 0 with a producer and offsets that follow each other.</summary>
    private static bool IsTransactionIndex(ReadOnlySpan<byte> bytes, long length)
    {
        if (length % TransactionEntry != 0) return false;
        for (var lastEnd = 0L; bytes.Length >= TransactionEntry; bytes = bytes[TransactionEntry..])
        {
            var (producer, first, last, stable) = (Int64(bytes, 2), Int64(bytes, 10), Int64(bytes, 18), Int64(bytes, 26));
            if (BinaryPrimitives.ReadInt16BigEndian(bytes) != 0 || producer < 0 || first < 0 || last < first || last < lastEnd || stable < 0) return false;
            lastEnd = last;
        }

        return true;

        static long Int64(ReadOnlySpan<byte> entry, int at) => BinaryPrimitives.ReadInt64BigEndian(entry[at..]);
    }

    /// <summary>Offsets and positions that grow, up to the zeros of an end that was reserved.</summary>
    private static bool IsOffsetIndex(ReadOnlySpan<byte> bytes, long length)
    {
        var (offset, position) = (0, -1);
        if (length % OffsetEntry != 0) return false;
        for (; bytes.Length >= OffsetEntry; bytes = bytes[OffsetEntry..])
        {
            var (nextOffset, nextPosition) = (BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[4..]));
            if (nextOffset == 0 && nextPosition == 0 && position >= 0) return IsReserved(bytes);
            if (nextOffset <= offset || nextPosition <= position) return false;
            (offset, position) = (nextOffset, nextPosition);
        }

        return position >= 0;
    }

    /// <summary>Times and offsets that grow, up to the zeros of an end that was reserved.</summary>
    private static bool IsTimeIndex(ReadOnlySpan<byte> bytes, long length)
    {
        var (time, offset) = (0L, -1);
        if (length % TimeEntry != 0) return false;
        for (; bytes.Length >= TimeEntry; bytes = bytes[TimeEntry..])
        {
            var (nextTime, nextOffset) = (BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[8..]));
            if (nextTime == 0 && nextOffset == 0 && offset >= 0) return IsReserved(bytes);
            if (nextTime <= time || nextTime > LastMs || nextOffset < offset || nextOffset < 0) return false;
            (time, offset) = (nextTime, nextOffset);
        }

        return offset >= 0;
    }

    /// <summary>The head of a batch that is damaged or cut: an offset, a length, magic 2, and attributes and numbers that can be.</summary>
    private static bool IsBatchHeader(ReadOnlySpan<byte> bytes) =>
        RecordBatchHeader.TryRead(bytes, out var header)
        && header is
        {
            BaseOffset: >= 0, BatchLength: >= RecordBatchHeader.Size - RecordBatchHeader.LogOverhead, Magic: RecordBatchHeader.CurrentMagic,
            LastOffsetDelta: >= 0, RecordCount: >= 0
        }
        && (header.Attributes & ~0x7f) == 0;

    /// <summary>A length that fits, and a key and a version that some client sends.</summary>
    private static bool IsFrame(ReadOnlySpan<byte> bytes, long length) =>
        bytes.Length >= 12
        && BinaryPrimitives.ReadInt32BigEndian(bytes) is >= 8 and var frame && frame <= length - 4
        && Enum.IsDefined((ApiKey)BinaryPrimitives.ReadInt16BigEndian(bytes[4..]))
        && BinaryPrimitives.ReadInt16BigEndian(bytes[6..]) is >= 0 and < 32;
}
