using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>Finds records by their time, through the time indexes and then in the batches.</summary>
internal readonly struct TimestampSearch(LogSegment[] segments, long logStartOffset)
{
    public FoundOffset? First(long timestampMs)
    {
        foreach (LogSegment segment in segments)
        {
            if (segment.LargestTimestampMs < timestampMs)
                continue;
            long from = Math.Max(segment.TimeIndex.Lookup(timestampMs), logStartOffset);
            return Search(segment, segment.PositionToSearch(from, segment.Size), timestampMs, exact: false);
        }
        return null;
    }

    public FoundOffset? Largest()
    {
        LogSegment? holder = null;
        foreach (LogSegment segment in segments)
        {
            if (holder is null || segment.Largest.Timestamp > holder.Largest.Timestamp)
                holder = segment;
        }
        if (holder is null || holder.Largest.Timestamp < 0)
            return null;
        (long timestamp, long offset) = holder.Largest;
        return Search(holder, holder.PositionToSearch(offset, holder.Size), timestamp, exact: true);
    }

    private FoundOffset? Search(LogSegment segment, int position, long timestampMs, bool exact)
    {
        using var scanner = new BatchScanner(segment.File, position, segment.Size);
        while (scanner.MoveNext())
        {
            RecordBatchHeader header = scanner.Header;
            if (exact ? header.MaxTimestamp != timestampMs : header.MaxTimestamp < timestampMs)
                continue;
            using RecordBatchReader reader = RecordBatchReader.Over(scanner.ReadBatch());
            while (reader.MoveNext())
            {
                RecordView record = reader.Current;
                if (exact ? record.Timestamp == timestampMs : record.Timestamp >= timestampMs && record.Offset >= logStartOffset)
                    return new FoundOffset(record.Offset, record.Timestamp, header.PartitionLeaderEpoch);
            }
        }
        return null;
    }
}
