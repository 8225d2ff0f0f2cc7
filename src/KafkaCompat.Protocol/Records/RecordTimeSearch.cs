using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Protocol.Records;

/// <summary>
/// Finds a record of a stored batch by its time. Compressed records are looked at while they are decompressed and none is kept: whatever a batch decompresses
/// to, a search costs no memory for it.
/// </summary>
public static class RecordTimeSearch
{
    /// <summary>The most that is read of what one batch decompresses to. A directory of Apache Kafka can hold batches that would not be taken here.</summary>
    public const long MaxDecompressedBytes = 2_147_483_639;

    /// <summary>
    /// Looks for the first record of at least this time, or with <paramref name="exact"/> of this time, from <paramref name="fromOffset"/> on; -1 and -1 where
    /// there is none. A fault says that the batch cannot be read up to such a record.
    /// </summary>
    public static RecordFault Find(in RecordBatchSlice batch, long timestamp, bool exact, long fromOffset, out (long Offset, long Timestamp) found)
    {
        found = (-1, -1);
        if (batch.Header.RecordCount < 0) return RecordFault.NegativeRecordCount;
        if (batch.Header.Codec > CompressionType.Zstd) return RecordFault.UnknownCodec;
        if (batch.Header.Codec == CompressionType.None)
        {
            var plain = new RecordCursor(batch.Payload);
            return Find(ref plain, batch.Header, timestamp, exact, fromOffset, out found);
        }
        using var source = CompressionCodecs.Get(batch.Header.Codec).Open(batch.Payload);
        var cursor = new RecordCursor(source, int.MaxValue, MaxDecompressedBytes);
        var fault = Find(ref cursor, batch.Header, timestamp, exact, fromOffset, out found);
        if (cursor.IsDamaged) return RecordFault.Undecodable;
        return cursor.IsTooLarge ? RecordFault.DecompressedTooLarge : fault;
    }

    private static RecordFault Find(
        ref RecordCursor cursor, in RecordBatchHeader header, long timestamp, bool exact, long fromOffset, out (long Offset, long Timestamp) found)
    {
        found = (-1, -1);
        for (var i = 0; i < header.RecordCount; i++)
        {
            var fault = cursor.TryRead(out var record);
            if (fault != RecordFault.None) return fault;
            var offset = header.BaseOffset + record.OffsetDelta;
            var time = header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : header.BaseTimestamp + record.TimestampDelta;
            if (offset < fromOffset || (exact ? time != timestamp : time < timestamp)) continue;
            found = (offset, time);
            return RecordFault.None;
        }
        return cursor.HasMore() ? RecordFault.RecordsLeftOver : RecordFault.None;
    }
}
