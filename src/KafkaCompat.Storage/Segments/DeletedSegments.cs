namespace KafkaCompat.Storage.Segments;

/// <summary>
/// Segments that a log has no more. Their files bear the suffix <c>.deleted</c> and go when <c>file.delete.delay.ms</c> is over: readers that hold one open go on
/// reading it. Whoever calls holds the log's lock over its files.
/// </summary>
internal sealed class DeletedSegments(LogEnvironment environment)
{
    private readonly Queue<(LogSegment Segment, long DueMs)> _waiting = new();

    /// <summary>Sets the files aside.</summary>
    public void Add(LogSegment segment, long delayMs)
    {
        // Closed first: whoever finds the file renamed knows then that it is not lost.
        segment.Close();
        segment.AppendSuffix(SegmentFiles.Deleted);
        _waiting.Enqueue((segment, environment.NowMs() + delayMs));
    }

    /// <summary>Whether the delay of the first one is over. It stays the first until <see cref="RemoveFirst"/> has removed its files.</summary>
    public bool IsDue(long nowMs) => _waiting.TryPeek(out (LogSegment Segment, long DueMs) next) && next.DueMs <= nowMs;

    public void RemoveFirst()
    {
        LogLoader.DeleteFiles(environment.Files, _waiting.Peek().Segment, SegmentFiles.Deleted);
        _ = _waiting.Dequeue();
    }
}
