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
        if (holder is null)
            return null;
        (long timestamp, long offset) = holder.Largest;
        // Where no record has a time, the first of all is told, without one, as in Kafka.
        if (timestamp < 0)
            return Search(holder, 0, RecordBatchHeader.NoTimestamp, exact: true);
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
            RecordFault fault = Find(scanner.ReadBatch(), timestampMs, exact, out (long Offset, long Timestamp) found);
            if (fault != RecordFault.None)
            {
                throw new DamagedRecordsException(fault,
                    $"{segment.PathOf(SegmentFiles.Log)}: the batch of offset {header.BaseOffset} at byte {scanner.Position} cannot be read ({fault}).");
            }
            if (found.Offset >= 0)
                return new FoundOffset(found.Offset, found.Timestamp, header.PartitionLeaderEpoch);
        }
        return null;
    }

    private RecordFault Find(ReadOnlyMemory<byte> bytes, long timestampMs, bool exact, out (long Offset, long Timestamp) found)
    {
        found = (-1, -1);
        RecordBatchEnumerator batches = RecordBatchEnumerator.Over(bytes);
        if (!batches.MoveNext())
            return batches.Fault == RecordFault.None ? RecordFault.BatchIncomplete : batches.Fault;
        // The largest timestamp can be that of a record before the log's start: it is told all the same, as in Kafka.
        return RecordTimeSearch.Find(batches.Current, timestampMs, exact, exact ? long.MinValue : logStartOffset, out found);
    }
}
