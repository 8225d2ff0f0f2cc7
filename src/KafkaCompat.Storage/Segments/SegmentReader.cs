using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Storage.Segments;

/// <summary>Finds places in a log's segments, and reads from them, as they were published at one moment.</summary>
internal static class SegmentReader
{
    /// <summary>The index of the last segment that does not start behind an offset; -1 where all do.</summary>
    public static int Floor(LogSegment[] segments, long offset)
    {
        int low = 0, high = segments.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    /// <summary>As <see cref="PartitionLog.Read"/>, below a limit that is not behind the end.</summary>
    public static LogRead Read(LogSegment[] segments, LogEnd end, long fromOffset, int maxBytes, long limit, bool minOneBatch)
    {
        for (int i = Math.Max(0, Floor(segments, fromOffset)); i < segments.Length; i++)
        {
            LogSegment segment = segments[i];
            if (segment.BaseOffset >= limit)
                break;
            long segmentEnd = ReferenceEquals(segment, end.Segment) ? end.Position : segment.Size;
            bool limitIsInside = limit < end.Offset && (i == segments.Length - 1 || segments[i + 1].BaseOffset > limit);
            if (limitIsInside && segment.TryFind(limit, segmentEnd, out long limitPosition, out _))
                segmentEnd = limitPosition;
            if (!segment.TryFind(fromOffset, segmentEnd, out long position, out RecordBatchHeader header))
                continue;
            int allowed = minOneBatch ? Math.Max(maxBytes, header.SizeInBytes) : maxBytes;
            int length = (int)Math.Min(segmentEnd - position, allowed);
            long bound = segment.OffsetIndex.TryUpperBound(position + length, out long indexed) ? indexed
                : i + 1 < segments.Length ? segments[i + 1].BaseOffset : end.Offset;
            if (length < header.SizeInBytes)
                return new LogRead(null, false, bound, true);
            return FileRegion.TryCreate(segment.File, position, length, segment.Health) is { } region
                ? new LogRead(region, false, bound, false)
                : throw new ObjectDisposedException(segment.PathOf(SegmentFiles.Log));
        }
        return new LogRead(null, false, fromOffset, false);
    }
}
