using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Kafka's verdict on the batch of a Produce request: all rules that the batch itself decides. What depends on the producer's earlier batches
/// (sequences, epochs, duplicates, transactions) is the partition's to decide afterwards.
/// </summary>
/// <remarks>
/// The order of the checks is Kafka's, because a batch with two faults gets the answer of the first: the frame of the batch; one batch of magic 2;
/// not zstd before version 7; base offset; size; checksum; a known codec; counts; then the records. The batch is never copied: what the leader sets is
/// set in the received bytes, and only a topic with a codec of its own has batches rebuilt.
/// Where Kafka stores compressed batches that no consumer can read (a record's length disagrees with its fields) this refuses them.
/// </remarks>
public static class ProduceBatchValidator
{
    /// <summary>A rebuilt batch has all its records in memory; more than this is refused.</summary>
    public const int MaxRebuiltBytes = 256 * 1024 * 1024;

    /// <summary>Up to the producer id Kafka reads a header before it checks the batch's size, and trips over one that ends sooner.</summary>
    private const int ReadBeforeSizeCheck = RecordBatchHeader.ProducerEpochPosition;

    /// <summary>
    /// Kafka's check of every partition before it appends to any. It refuses the whole request if a first batch has an impossible length or magic, or if its
    /// length and the bytes before it overflow an int. Otherwise <paramref name="isTransactional"/> says whether the first batch belongs to a transaction: the
    /// request then needs a transactional id that its principal may write.
    /// </summary>
    public static ProduceVerdict? RefuseRequest(in ReadOnlySequence<byte> records, out bool isTransactional)
    {
        isTransactional = false;
        var fault = RecordBatchEnumerator.Peek(records, out var size);
        if (RefuseFrame(records, fault) is { } refused) return refused;
        if (fault is not (RecordFault.None or RecordFault.HeaderIncomplete)) return null;
        var rest = records.Slice(size);
        if (RecordBatchEnumerator.Peek(rest, out _) == RecordFault.BatchIncomplete && OverflowsInt(rest))
            return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
        isTransactional = fault == RecordFault.None && RecordBatchHeader.TryReadAttributes(records, out var attributes)
            && (attributes & BatchAttributes.Transactional) != 0;
        return null;
    }

    /// <summary>Decides on the bytes of one partition of a Produce request; null is a request without records.</summary>
    public static ProduceVerdict Validate(in ReadOnlySequence<byte>? records, in ProduceBatchRules rules)
    {
        if (records is not { } bytes) return ProduceVerdict.RefuseRequest(ErrorCode.InvalidRecord);
        if (TryTakeBatch(bytes, rules, out var batch) is { } refused) return refused;
        if (CheckHeader(batch, rules) is { } badHeader) return badHeader;

        var settings = rules.Settings;
        var codec = batch.Header.Codec;
        var target = settings.Codec ?? codec;
        var scan = new RecordScan(batch.Header, rules);
        if (scan.Run(batch) is { } badRecords) return badRecords;

        var isBrokersTime = settings.TimestampType == TimestampType.LogAppendTime;
        var logAppendTimeMs = isBrokersTime ? rules.NowMs : RecordBatchHeader.NoTimestamp;
        var verdict = target == codec
            ? ProduceVerdict.Append(WithTimestamp(batch, settings.TimestampType, isBrokersTime ? rules.NowMs : scan.MaxTimestamp), logAppendTimeMs)
            : Rebuild(batch, target, rules, logAppendTimeMs);
        if (verdict.IsAccepted && verdict.Batch.Length > settings.SegmentBytes)
        {
            verdict.Dispose();
            return ProduceVerdict.Refuse(ErrorCode.RecordListTooLarge);
        }
        return verdict;
    }

    /// <summary>The one batch of magic 2 that a Produce request holds; an unfinished one behind it is dropped.</summary>
    private static ProduceVerdict? TryTakeBatch(in ReadOnlySequence<byte> bytes, in ProduceBatchRules rules, out RecordBatchSlice batch)
    {
        batch = default;
        var fault = RecordBatchEnumerator.Peek(bytes, out var size);
        if (RefuseFrame(bytes, fault) is { } refused) return refused;
        if (fault is RecordFault.BatchIncomplete or RecordFault.LegacyMagic) return ProduceVerdict.RefuseRequest(ErrorCode.InvalidRecord);
        var rest = bytes.Slice(size);
        var first = bytes.Slice(0, size);
        // A header that is too short is refused with the checks of the batch, after those of the request.
        if (fault == RecordFault.None)
        {
            _ = RecordBatchHeader.TryRead(first, out var header);
            batch = new RecordBatchSlice(header, first);
            if (header.Codec == CompressionType.Zstd && rules.Version < ProduceBatchRules.FirstVersionWithZstd)
                return ProduceVerdict.RefuseRequest(ErrorCode.UnsupportedCompressionType);
        }
        switch (RecordBatchEnumerator.Peek(rest, out _))
        {
            case RecordFault.BatchIncomplete:
                if (OverflowsInt(rest)) return ProduceVerdict.RefuseRequest(ErrorCode.UnknownServerError);
                break;
            case RecordFault.BatchLengthTooSmall or RecordFault.UnknownMagic:
                return ProduceVerdict.RefuseRequest(ErrorCode.CorruptMessage);
            default:
                return ProduceVerdict.RefuseRequest(ErrorCode.InvalidRecord);
        }
        if (fault != RecordFault.HeaderIncomplete) return null;
        if (size < ReadBeforeSizeCheck) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
        if (Int64At(first, 0) != 0) return ProduceVerdict.Refuse(ErrorCode.InvalidRecord);
        return ProduceVerdict.Refuse(size > rules.Settings.MaxMessageBytes ? ErrorCode.MessageTooLarge : ErrorCode.CorruptMessage);
    }

    /// <summary>A first batch whose length or magic cannot be; null for one that can, be it incomplete or old.</summary>
    private static ProduceVerdict? RefuseFrame(in ReadOnlySequence<byte> bytes, RecordFault fault) => fault switch
    {
        RecordFault.BatchLengthTooSmall => ProduceVerdict.RefuseRequest(ErrorCode.CorruptMessage,
            $"Record size {Int32At(bytes, RecordBatchHeader.BatchLengthPosition)} is less than the minimum record overhead "
                + $"({RecordBatchHeader.MinBatchLength})"),
        RecordFault.UnknownMagic => ProduceVerdict.RefuseRequest(ErrorCode.CorruptMessage, $"Invalid magic found in record: {MagicOf(bytes)}"),
        RecordFault.BatchIncomplete when OverflowsInt(bytes) => ProduceVerdict.RefuseRequest(ErrorCode.UnknownServerError),
        _ => null,
    };

    private static ProduceVerdict? CheckHeader(in RecordBatchSlice batch, in ProduceBatchRules rules)
    {
        var header = batch.Header;
        var isClient = rules.Origin == AppendOrigin.Client;
        if (isClient && header.BaseOffset != 0) return ProduceVerdict.Refuse(ErrorCode.InvalidRecord);
        if (header.SizeInBytes > rules.Settings.MaxMessageBytes) return ProduceVerdict.Refuse(ErrorCode.MessageTooLarge);
        if (!batch.IsSound()) return ProduceVerdict.Refuse(ErrorCode.CorruptMessage);
        if (header.Codec > CompressionType.Zstd) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
        if (!isClient) return null;
        var countsAgree = header.RecordCount > 0 && header.LastOffsetDelta == header.RecordCount - 1;
        var hasNoSequence = header.HasProducerId && header.BaseSequence < 0;
        return !countsAgree || hasNoSequence || header.IsControl ? ProduceVerdict.Refuse(ErrorCode.InvalidRecord) : null;
    }

    /// <summary>The batch with the timestamp type of its topic and the largest timestamp that its records have, set where they lie.</summary>
    private static RecordBatchSlice WithTimestamp(in RecordBatchSlice batch, TimestampType type, long maxTimestamp)
    {
        if (batch.Header.TimestampType == type && batch.Header.MaxTimestamp == maxTimestamp) return batch;
        RecordBatchPatch.SetMaxTimestamp(batch.Bytes, type, maxTimestamp);
        _ = RecordBatchHeader.TryRead(batch.Bytes, out var header);
        return new RecordBatchSlice(header, batch.Bytes);
    }

    /// <summary>The rebuilt batch; what Kafka's builder of batches does not take, a time before -1 or a producer without an epoch, fails here too.</summary>
    private static ProduceVerdict Rebuild(in RecordBatchSlice batch, CompressionType target, in ProduceBatchRules rules, long logAppendTimeMs)
    {
        var settings = rules.Settings;
        var header = batch.Header;
        var isBrokersTime = settings.TimestampType == TimestampType.LogAppendTime;
        if (header.HasProducerId && header.ProducerEpoch < 0) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
        using var builder = new RecordBatchBuilder
        {
            BaseOffset = header.BaseOffset,
            PartitionLeaderEpoch = header.PartitionLeaderEpoch,
            Codec = target,
            CompressionLevel = settings.LevelOf(target),
            TimestampType = settings.TimestampType,
            // The records keep the times that they came with; the batch's own counts for each of them.
            MaxTimestamp = isBrokersTime ? logAppendTimeMs : null,
            ProducerId = header.ProducerId,
            ProducerEpoch = header.ProducerEpoch,
            BaseSequence = header.BaseSequence,
            IsTransactional = header.IsTransactional,
            IsControl = header.IsControl,
        };
        var reader = new RecordBatchReader(batch, MaxRebuiltBytes);
        var count = 0;
        try
        {
            while (reader.MoveNext())
            {
                var record = reader.Current;
                if (record.Timestamp < RecordBatchHeader.NoTimestamp) return ProduceVerdict.Refuse(ErrorCode.UnknownServerError);
                builder.AppendAt(count++, record.Timestamp, record);
            }
            // The scan has read the same bytes to their end, so all that can be wrong now is their amount.
            if (reader.Fault != RecordFault.None) return ProduceVerdict.Refuse(ErrorCode.MessageTooLarge);
        }
        finally
        {
            reader.Dispose();
        }
        var buffer = new PooledBuffer();
        var rebuilt = builder.WriteTo(buffer);
        if (rebuilt.SizeInBytes <= settings.MaxMessageBytes) return ProduceVerdict.AppendRebuilt(rebuilt, buffer, logAppendTimeMs);
        buffer.Dispose();
        return ProduceVerdict.Refuse(ErrorCode.MessageTooLarge);
    }

    /// <summary>Whether the batch's length plus what stands before it is no int any more; Kafka trips over that.</summary>
    private static bool OverflowsInt(in ReadOnlySequence<byte> bytes) =>
        bytes.Length > RecordBatchHeader.MagicPosition && Int32At(bytes, RecordBatchHeader.BatchLengthPosition) > int.MaxValue - RecordBatchHeader.LogOverhead;

    private static int Int32At(in ReadOnlySequence<byte> bytes, int position)
    {
        Span<byte> field = stackalloc byte[4];
        bytes.Slice(position, field.Length).CopyTo(field);
        return BinaryPrimitives.ReadInt32BigEndian(field);
    }

    private static long Int64At(in ReadOnlySequence<byte> bytes, int position)
    {
        Span<byte> field = stackalloc byte[8];
        bytes.Slice(position, field.Length).CopyTo(field);
        return BinaryPrimitives.ReadInt64BigEndian(field);
    }

    private static sbyte MagicOf(in ReadOnlySequence<byte> bytes)
    {
        Span<byte> field = stackalloc byte[1];
        bytes.Slice(RecordBatchHeader.MagicPosition, 1).CopyTo(field);
        return (sbyte)field[0];
    }
}
