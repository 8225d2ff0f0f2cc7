using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// How segments on the disk take the place of others, by Apache Kafka's names. They are written as <c>.cleaned</c> and made durable; they become <c>.swap</c>,
/// the last one first; the old ones become <c>.deleted</c>; <c>.swap</c> goes off the names, the first one first. With the first segment's last file that is
/// <c>.cleaned</c> the new ones hold: a start that finds a <c>.cleaned</c> file undoes the swap, and one that finds only <c>.swap</c> files finishes it
/// (<see cref="TemporaryFiles"/>).
/// </summary>
internal sealed class SegmentSwap(LogEnvironment environment, string folder)
{
    /// <summary>
    /// Throws where a start could not tell from the files alone which segments the new ones replace: those from the first one's base up to the end of the last
    /// one's batches, and those of the same base. An old segment behind that, of which nothing is left, is replaced by an empty one.
    /// </summary>
    /// <param name="old">Those that go.</param>
    /// <param name="replacing">Those that come.</param>
    /// <param name="nextBase">Where the log goes on behind them.</param>
    public static void RequireExact(LogSegment[] old, LogSegment[] replacing, long nextBase)
    {
        if (replacing.Length == 0 || replacing[0].BaseOffset != old[0].BaseOffset)
            throw new ArgumentException($"What replaces segments from offset {old[0].BaseOffset} on has to start there.", nameof(replacing));
        long end = -1;
        foreach (var segment in replacing)
        {
            if (segment.BaseOffset < end)
                throw new ArgumentException($"A segment starts at {segment.BaseOffset}, and the one before it ends at {end}.", nameof(replacing));
            end = EndOf(segment);
        }
        if (end > nextBase)
            throw new ArgumentException($"The segments end at {end}, and the one behind them starts at {nextBase}.", nameof(replacing));
        foreach (var segment in old)
        {
            if (segment.BaseOffset >= end && !replacing.Any(each => each.BaseOffset == segment.BaseOffset))
            {
                throw new ArgumentException($"The segments end at {end}, and nothing has the base of the one that starts at {segment.BaseOffset}.",
                    nameof(replacing));
            }
        }
    }

    /// <summary>Makes the new ones hold, whatever happens from now on. Where that fails they are gone.</summary>
    public void Commit(LogSegment[] replacing)
    {
        try
        {
            foreach (var segment in replacing)
            {
                segment.Seal();
                segment.Sync();
                segment.CloseIndexFiles();
            }
            for (var i = replacing.Length - 1; i >= 0; i--)
                replacing[i].Rename(SegmentFiles.Swap);
            environment.Files.SyncFolder(folder);
        }
        catch
        {
            try
            {
                Discard(replacing);
            }
            catch (IOException failure)
            {
                // A swap that stays would be finished by a start, over what the log has become by then.
                environment.Health.Fail(failure);
            }
            throw;
        }
        // What the folder was synced for are other names than the files will have; those are synced with the old ones' going.
        foreach (var segment in replacing)
            segment.HasNewNames = false;
    }

    /// <summary>Removes the files of segments that are not to replace any. No start finds some of them that hold.</summary>
    public static void Discard(LogSegment[] replacing)
    {
        if (replacing.Length == 0)
            return;
        replacing[0].Rename(SegmentFiles.Cleaned);
        for (var i = replacing.Length - 1; i >= 0; i--)
            replacing[i].DeleteFiles();
    }

    private static long EndOf(LogSegment segment)
    {
        if (segment.Size == 0)
            return segment.BaseOffset;
        using var scanner = new BatchScanner(segment.File, 0, segment.Size);
        var walk = segment.WalkFromLastEntry(scanner, segment.Size, allowsHoleAtEnd: true);
        while (walk.MoveNext())
        {
        }
        return walk.NextOffset;
    }
}
