using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// The segments of a log and the names of their files. There are two ways in which the list changes: a segment is added at the end, and <see cref="Replace"/>.
/// Readers find the new list first; then the files of those that went are set aside, and those that came get their names. Whoever changes the list holds the
/// log's lock and, but to add, the one over its files.
/// </summary>
internal sealed class SegmentList(LogEnvironment environment, LoadedLog loaded, LogView view)
{
    /// <summary>Made by the first that is deleted, as what follows is by the first that goes or comes: most logs of many have one segment for ever.</summary>
    private DeletedSegments? _deleted;

    /// <summary>
    /// Segments that the log has no more, whose files still have their names, in the order of their offsets. They are set aside in that order, also after a
    /// failure: a segment that stayed between others that went would end the log with it at the next start.
    /// </summary>
    private Queue<LogSegment>? _gone;

    /// <summary>Segments of the log whose files have not got their names yet, in the order of their offsets, which is that in which they get them.</summary>
    private Queue<LogSegment>? _unnamed;

    /// <summary>Names were changed that the folder was not synced for.</summary>
    private bool _isUnsynced;
    private long _cuts;

    /// <summary>Whether the files have the names that the list calls for.</summary>
    public bool AreFilesMoved => _gone is null or { Count: 0 } && _unnamed is null or { Count: 0 } && !_isUnsynced;

    /// <summary>The segments that take no more appends.</summary>
    public SegmentRange Sealed => new(view.Segments[..^1], _cuts);

    /// <summary>Whether the log has them still, one behind another and as they were.</summary>
    public bool Holds(SegmentRange range) => range.Cuts == _cuts && IndexOf(range.Segments) >= 0;

    /// <summary>Where the segment starts that follows segments of the log.</summary>
    public long NextBase(SegmentRange range) => view.Segments[IndexOf(range.Segments) + range.Segments.Length].BaseOffset;

    /// <summary>The log rolls: one more at its end.</summary>
    public void Add(LogSegment next)
    {
        Invariant.Holds(next.Size == 0, $"{next.LogPath}: a new segment has {next.Size} bytes");
        view.Segments = [.. view.Segments, next];
    }

    /// <summary>A segment is cut: what was made of it before is not to replace it.</summary>
    public void CountCut() => _cuts++;

    /// <summary>The folder has to be synced, whatever has become of the segments.</summary>
    public void NamesChanged() => _isUnsynced = true;

    /// <summary>Readers find others in place of some, or none, from now on. The files follow in <see cref="MoveFiles"/>.</summary>
    public void Replace(LogSegment[] old, LogSegment[] replacing)
    {
        var all = view.Segments;
        var at = IndexOf(old);
        if (at < 0)
            throw new ArgumentException("The segments to replace are not those of the log.", nameof(old));
        view.Segments = [.. all[..at], .. replacing, .. all[(at + old.Length)..]];
        foreach (var segment in old)
            (_gone ??= new()).Enqueue(segment);
        foreach (var segment in replacing)
            (_unnamed ??= new()).Enqueue(segment);
    }

    /// <summary>
    /// Sets aside the files of what the log has no more, and gives what is new in it its names. Readers that hold a file open go on reading it. Where it fails
    /// it goes on from there when it is called again.
    /// </summary>
    public void MoveFiles(long deleteDelayMs)
    {
        if (AreFilesMoved)
            return;
        _isUnsynced = true;
        while (_gone is not null && _gone.TryPeek(out var segment))
        {
            Invariant.Holds(!view.Segments.Contains(segment), $"{segment.LogPath}: a segment of the log is to be deleted");
            (_deleted ??= new(environment)).Add(segment, deleteDelayMs);
            if (!HasBase(segment.BaseOffset))
                loaded.Producers.DeleteSnapshot(segment.BaseOffset);
            _ = _gone.Dequeue();
        }
        while (_unnamed is not null && _unnamed.TryPeek(out var segment))
        {
            segment.Rename("");
            _ = _unnamed.Dequeue();
        }
        environment.Files.SyncFolder(loaded.Folder);
        _isUnsynced = false;
    }

    /// <summary>Removes the files of one deleted segment whose delay is over; false where there is none.</summary>
    public bool TryRemoveDue(long tickMs)
    {
        if (_deleted is null || !_deleted.IsDue(tickMs))
            return false;
        _deleted.RemoveFirst();
        return true;
    }

    private int IndexOf(LogSegment[] segments) => ((ReadOnlySpan<LogSegment>)view.Segments).IndexOf(segments, comparer: null);

    private bool HasBase(long baseOffset)
    {
        var segments = view.Segments;
        return SegmentReader.Floor(segments, baseOffset) is >= 0 and int at && segments[at].BaseOffset == baseOffset;
    }
}
