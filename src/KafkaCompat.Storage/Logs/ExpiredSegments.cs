using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>Which segments at a log's start its retention settings, or a start that was moved past them, let go.</summary>
internal static class ExpiredSegments
{
    /// <summary>
    /// Reads what deletion by time will ask of the log itself, where the indexes say that segments are old. It takes as long as it takes to read them, so it comes
    /// before any lock.
    /// </summary>
    public static void LookInto(LogSegment[] segments, LogSettings settings, long nowMs)
    {
        try
        {
            for (int i = 0; i < segments.Length - 1 && IsOld(segments[i], settings, nowMs); i++)
            {
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // Deleted meanwhile, or the disk has failed: whoever holds the locks will see.
        }
    }

    /// <summary>How many of <paramref name="segments"/> may go; never one that holds records behind the high watermark, nor an empty last one.</summary>
    public static int Count(LogSegment[] segments, long endOffset, long logStartOffset, LogSettings settings, long nowMs, long highWatermark)
    {
        long surplus = settings.RetentionBytes < 0 ? -1 : segments.Sum(static segment => segment.Size) - settings.RetentionBytes;
        int count = 0;
        for (; count < segments.Length; count++)
        {
            LogSegment segment = segments[count];
            bool isLast = count == segments.Length - 1;
            long next = isLast ? endOffset : segments[count + 1].BaseOffset;
            if (highWatermark < next || (isLast && segment.Size == 0))
                break;
            bool byStart = !isLast && next <= logStartOffset;
            bool byTime = IsOld(segment, settings, nowMs);
            bool bySize = settings.DeletesOldSegments && surplus > 0 && surplus - segment.Size >= 0;
            if (!byStart && !byTime && !bySize)
                break;
            surplus -= segment.Size;
        }
        return count;
    }

    /// <summary>What the index says is worth a look at the log, and no more.</summary>
    private static bool IsOld(LogSegment segment, LogSettings settings, long nowMs) => settings is { DeletesOldSegments: true, RetentionMs: >= 0 }
        && nowMs - segment.LargestTimestampMs > settings.RetentionMs && nowMs - segment.TimeOr(segment.CertainLargest()) > settings.RetentionMs;
}
