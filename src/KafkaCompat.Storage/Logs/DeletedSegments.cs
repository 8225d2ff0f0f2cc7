using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Segments that a log has no more. Their files bear the suffix <c>.deleted</c> and go when <c>file.delete.delay.ms</c> is over: readers that hold one open go
/// on reading it. Whoever calls holds the log's lock over its files.
/// </summary>
internal sealed class DeletedSegments(LogEnvironment environment)
{
    /// <summary>By when they are due: the delay of a topic can change, and one that was long holds back nothing that came after.</summary>
    private readonly PriorityQueue<LogSegment, long> _waiting = new();

    /// <summary>Sets the files aside.</summary>
    public void Add(LogSegment segment, long delayMs)
    {
        Remember(segment.TransactionIndex);
        // Closed first: whoever finds the file renamed knows then that it is not lost.
        segment.Close();
        segment.Rename(SegmentFiles.Deleted);
        _waiting.Enqueue(segment, environment.DueMs(delayMs));
    }

    /// <summary>A read that was made from the segment still has to tell which of its transactions were aborted.</summary>
    private static void Remember(TransactionIndex index)
    {
        try
        {
            _ = index.Entries();
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // That read fails and has to be repeated.
        }
    }

    /// <summary>Whether the delay of one is over. It stays the first until <see cref="RemoveFirst"/> has removed its files.</summary>
    public bool IsDue(long tickMs) => _waiting.TryPeek(out _, out var dueMs) && dueMs <= tickMs;

    public void RemoveFirst()
    {
        var path = _waiting.Peek().LogPath;
        Invariant.Holds(path.EndsWith(SegmentFiles.Deleted, StringComparison.Ordinal), $"{path}: the files of a segment are to be removed that has its name");
        _waiting.Peek().DeleteFiles();
        _ = _waiting.Dequeue();
    }
}
