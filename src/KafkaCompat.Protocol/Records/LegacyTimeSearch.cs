namespace KafkaCompat.Protocol.Records;

/// <summary>Finds a record in a message of magic 0 or 1 by its time, as <see cref="RecordTimeSearch"/> does in a batch.</summary>
public static class LegacyTimeSearch
{
    /// <summary>The most that a compressed message may hold to be looked into.</summary>
    public const int MaxDecompressedBytes = 256 << 20;

    /// <summary>As the search in a batch.</summary>
    public static RecordFault Find(ReadOnlyMemory<byte> message, long timestamp, bool exact, long fromOffset, out (long Offset, long Timestamp) found)
    {
        found = (-1, -1);
        var fault = LegacyMessageSet.TryRead(message, MaxDecompressedBytes, out var batches);
        if (fault != RecordFault.None) return fault;
        foreach (var batch in batches)
        {
            foreach (var record in batch.Messages)
            {
                if (record.Offset < fromOffset || (exact ? record.Timestamp != timestamp : record.Timestamp < timestamp)) continue;
                found = (record.Offset, record.Timestamp);
                return RecordFault.None;
            }
        }
        return RecordFault.None;
    }
}
