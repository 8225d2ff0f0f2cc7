using KafkaCompat.Storage.Files;

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
            var middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    /// <summary>
    /// As a log is read, below a limit that is not behind the end. Throws <see cref="DamagedBatchException"/> where the offset may stand among bytes that
    /// are no batch.
    /// </summary>
    public static LogRead Read(LogSegment[] segments, LogEnd end, long fromOffset, int maxBytes, long limit, bool minOneBatch)
    {
        for (var i = Math.Max(0, Floor(segments, fromOffset)); i < segments.Length; i++)
        {
            var segment = segments[i];
            if (segment.BaseOffset >= limit)
                break;
            var size = ReferenceEquals(segment, end.Segment) ? end.Position : segment.Size;
            var nextBase = i + 1 < segments.Length ? segments[i + 1].BaseOffset : end.Offset;
            var finding = BatchSearch.Find(segment, fromOffset, size, nextBase, out var place);
            if (finding == Finding.Damaged)
                throw new DamagedBatchException(segment.LogPath, fromOffset, ScanStops.Describe(place.Why, place.Position));
            if (finding == Finding.Behind)
                continue;
            var segmentEnd = size;
            if (limit < nextBase && BatchSearch.Find(segment, limit, size, nextBase, out var limiting) != Finding.Behind)
                segmentEnd = limiting.Position;
            if (place.Position >= segmentEnd)
                break;
            var header = place.Header;
            var allowed = minOneBatch ? Math.Max(maxBytes, header.SizeInBytes) : maxBytes;
            var length = (int)Math.Min(segmentEnd - place.Position, allowed);
            if (length >= header.SizeInBytes)
                length = (int)(segment.CheckedEnd(place, place.Position + length, size, nextBase) - place.Position);
            var bound = segment.OffsetIndex.TryUpperBound(place.Position + length, out var indexed) ? Math.Max(indexed, header.NextOffset) : nextBase;
            if (length < header.SizeInBytes)
                return new LogRead(null, false, bound, true);
            return FileRegion.TryCreate(segment.File, place.Position, length, segment.Health) is { } region
                ? new LogRead(region, false, bound, false)
                : throw new ObjectDisposedException(segment.LogPath);
        }
        return new LogRead(null, false, fromOffset, false);
    }
}
