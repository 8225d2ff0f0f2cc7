using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Segments;

/// <summary>
/// Finds records by their time, through the time indexes and then in the batches. An entry of an index is followed where the batch that it names has its time.
/// Throws <see cref="DamagedBatchException"/> where the record may be among bytes that are no batch.
/// </summary>
internal readonly struct TimestampSearch(LogSegment[] segments, long logStartOffset, long logEndOffset)
{
    public TimestampAndOffset? First(long timestampMs)
    {
        for (var i = 0; i < segments.Length; i++)
        {
            var segment = segments[i];
            if (segment.Times.OrWritten(segment.Times.TrueLargest) < timestampMs)
                continue;
            // As in Kafka no other segment is asked then, though the file's time, where no record has one, stands for nothing that is in it. But a segment's
            // largest time can be that of a record before the log's start, which hides none of those behind it.
            var found = Search(i, FirstToLookAt(segment, timestampMs), timestampMs, exact: false);
            if (found is not null || !(segment.Times.IsDoubtful || segment.BaseOffset < logStartOffset))
                return found;
        }
        return null;
    }

    public TimestampAndOffset? Largest()
    {
        var holder = -1;
        for (var i = 0; i < segments.Length; i++)
        {
            if (holder < 0 || segments[i].Times.TrueLargest.Timestamp > segments[holder].Times.TrueLargest.Timestamp)
                holder = i;
        }
        if (holder < 0)
            return null;
        (var timestamp, var offset) = segments[holder].Times.TrueLargest;
        // Where no record has a time, the first of all is the answer, without one, as in Kafka.
        return timestamp < 0 ? Search(holder, 0, RecordBatchHeader.NoTimestamp, exact: true) : Search(holder, offset, timestamp, exact: true);
    }

    private long FirstToLookAt(LogSegment segment, long timestampMs)
    {
        (var timestamp, var offset) = segment.TimeIndex.Lookup(timestampMs);
        var isTrue = BatchSearch.Find(segment, offset, segment.Size, long.MaxValue, out var place) == Finding.Found
            && place.Header.MaxTimestamp == timestamp;
        return Math.Max(isTrue ? offset : segment.BaseOffset, logStartOffset);
    }

    private TimestampAndOffset? Search(int index, long from, long timestampMs, bool exact)
    {
        var segment = segments[index];
        var size = segment.Size;
        var bound = index + 1 < segments.Length ? segments[index + 1].BaseOffset : logEndOffset;
        var position = segment.PositionToSearch(from, size, out var nextOffset, bound);
        using var scanner = new BatchScanner(segment.File, position, size);
        // The times of a header are under its checksum, and one that is wrong would lead past the record.
        var walk = new SegmentWalk(scanner, nextOffset)
        {
            ChecksChecksums = true,
            Bound = bound,
        };
        while (walk.MoveNext())
        {
            RequireWhole(segment, walk);
            var header = walk.Header;
            if (exact ? header.MaxTimestamp != timestampMs : header.MaxTimestamp < timestampMs)
                continue;
            var fault = Find(header, walk.ReadBatch(), timestampMs, exact, out var found);
            if (fault != RecordFault.None)
            {
                throw new DamagedRecordsException(fault,
                    $"{segment.LogPath}: the batch of offset {header.BaseOffset} at byte {walk.Position} cannot be read ({fault}).");
            }
            if (found.Offset >= 0)
                return new TimestampAndOffset(found.Offset, found.Timestamp, header.PartitionLeaderEpoch);
        }
        RequireWhole(segment, walk);
        if (walk.Stop != ScanStop.End)
            throw new DamagedBatchException(segment.LogPath, walk.NextOffset, ScanStops.Describe(walk.Stop, walk.End));
        return null;
    }

    private void RequireWhole(LogSegment segment, SegmentWalk walk)
    {
        foreach (var damage in walk.Damage)
        {
            // The same batch twice, or one from before the log's start, hides no record.
            if (damage.ToOffset > damage.FromOffset && damage.ToOffset > logStartOffset)
                throw new DamagedBatchException(segment.LogPath, damage.FromOffset, ScanStops.Describe(damage.Why, damage.Position));
        }
    }

    private RecordFault Find(in RecordBatchHeader header, ReadOnlyMemory<byte> bytes, long timestampMs, bool exact, out (long Offset, long Timestamp) found)
    {
        // The largest timestamp can be that of a record before the log's start: it is the answer all the same, as in Kafka.
        var fromOffset = exact ? long.MinValue : logStartOffset;
        found = (-1, -1);
        if (header.Magic < RecordBatchHeader.CurrentMagic)
            return LegacyTimeSearch.Find(bytes, timestampMs, exact, fromOffset, out found);
        var batches = RecordBatchEnumerator.Over(bytes);
        if (!batches.MoveNext())
            return batches.Fault == RecordFault.None ? RecordFault.BatchIncomplete : batches.Fault;
        return RecordTimeSearch.Find(batches.Current, timestampMs, exact, fromOffset, out found);
    }
}
