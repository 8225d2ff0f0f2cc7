using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>Which segments at a log's start its retention settings, or a start that was moved past them, let go; and how they go.</summary>
internal sealed class LogRetention(LoadedLog loaded, LogView view, SegmentList segments)
{
    /// <summary>
    /// Reads what deletion by time will ask of the log itself, where the indexes say that segments are old. It takes as long as it takes to read them, so it
    /// comes before any lock.
    /// </summary>
    public void LookIntoOld(LogSettings settings, long nowMs)
    {
        var all = view.Segments;
        try
        {
            for (var i = 0; i < all.Length - 1 && IsOld(all[i], settings, nowMs); i++)
            {
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // Deleted meanwhile, or the disk has failed: whoever holds the locks will see.
        }
    }

    /// <summary>How many segments may go; never one that holds records behind the high watermark, nor an empty last one.</summary>
    public int CountExpired(LogSettings settings, long nowMs, long highWatermark)
    {
        var all = view.Segments;
        var endOffset = view.End.Offset;
        var logStartOffset = view.LogStartOffset;
        var surplus = settings.RetentionBytes < 0 ? -1 : view.SizeInBytes - settings.RetentionBytes;
        var count = 0;
        for (; count < all.Length; count++)
        {
            var segment = all[count];
            var isLast = count == all.Length - 1;
            var next = isLast ? endOffset : all[count + 1].BaseOffset;
            if (highWatermark < next || (isLast && segment.Size == 0))
                break;
            var byStart = !isLast && next <= logStartOffset;
            var byTime = IsOld(segment, settings, nowMs);
            var bySize = settings.DeletesOldSegments && surplus > 0 && surplus - segment.Size >= 0;
            if (!byStart && !byTime && !bySize)
                break;
            surplus -= segment.Size;
        }
        return count;
    }

    /// <summary>Takes the first segments out of the log, which keeps one at least; their files are set aside later.</summary>
    public void Drop(int count, long highWatermark)
    {
        var all = view.Segments;
        Invariant.Holds(count > 0 && count < all.Length, $"{all[0].Folder}: {count} of {all.Length} segments are to be deleted");
        Invariant.Holds(all[count].BaseOffset <= highWatermark,
            $"{all[0].Folder}: segments are to be deleted up to {all[count].BaseOffset}, behind the high watermark {highWatermark}");
        MoveLogStart(Math.Max(view.LogStartOffset, all[count].BaseOffset));
        segments.Replace(all[..count], []);
    }

    /// <summary>Nothing before an offset is read any more.</summary>
    public void MoveLogStart(long offset)
    {
        // Before any segment goes: a reader that finds the segments without their first ones finds that its offset is out of range, and is not served from a
        // later one.
        Invariant.Holds(offset >= view.LogStartOffset, $"{loaded.Folder}: the log starts at {view.LogStartOffset} and is to start at {offset}");
        view.LogStartOffset = offset;
        loaded.Producers.OnLogStart(offset);
    }

    /// <summary>What the index says is worth a look at the log, and no more.</summary>
    private static bool IsOld(LogSegment segment, LogSettings settings, long nowMs) => settings is { DeletesOldSegments: true, RetentionMs: >= 0 }
        && nowMs - segment.Times.LargestMs > settings.RetentionMs && nowMs - segment.Times.OrWritten(segment.Times.CertainLargest()) > settings.RetentionMs;
}
