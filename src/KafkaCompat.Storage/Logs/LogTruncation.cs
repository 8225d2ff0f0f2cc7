using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>How a log loses its end, or everything. Whoever calls holds the log's lock and the one over its files.</summary>
internal sealed class LogTruncation(LogEnvironment environment, LoadedLog loaded, LogView view, SegmentList segments)
{
    /// <summary>Forgets an offset within the log and all behind it.</summary>
    public void Cut(long offset, LogSettings settings)
    {
        var all = view.Segments;
        var keep = SegmentReader.Floor(all, offset) + 1;
        if (all[keep - 1].BaseOffset == offset && keep > 1)
            keep--;
        var active = all[keep - 1];
        Invariant.Holds(active.BaseOffset < offset, $"{active.LogPath}: it holds nothing before offset {offset}, where the log is cut");
        // The one that is active has entries of its indexes in memory alone, and the files may hold some that an earlier cut has dropped.
        if (!ReferenceEquals(active, view.End.Segment))
            _ = active.OpenForAppend();
        var position = active.PositionToCut(offset);
        segments.CountCut();
        // Readers first: whoever still reads behind the cut finds that the log ends before it, and no damage.
        segments.Replace(all[keep..], []);
        view.End = new LogEnd(offset, active, position);
        active.TruncateTo(offset, position);
        if (view.LogStartOffset > offset)
            view.LogStartOffset = offset;
        DeleteSnapshotsBehind(offset);
        segments.MoveFiles(settings.FileDeleteDelayMs);
        loaded.Epochs.TruncateFromEnd(offset);
        new ProducerReplay(environment, loaded.Producers, view.Segments).Rebuild(view.LogStartOffset, offset);
        RequireEnd(offset);
    }

    /// <summary>Forgets everything: the log is empty, and starts and ends at an offset.</summary>
    public void StartOver(long offset, LogSettings settings)
    {
        // The new segment can have the name of an old one, so that for a moment there is none.
        segments.Replace(view.Segments, []);
        DeleteSnapshotsBehind(-1);
        segments.MoveFiles(settings.FileDeleteDelayMs);
        var active = LogSegment.Create(environment, loaded.Folder, offset, settings);
        segments.Add(active);
        view.End = new LogEnd(offset, active, 0);
        view.LogStartOffset = offset;
        loaded.Epochs.Clear();
        loaded.Producers.Clear();
        loaded.Producers.SetEndOffset(offset);
        RequireEnd(offset);
    }

    /// <summary>Whoever knows of the log's end knows the new one.</summary>
    private void RequireEnd(long offset)
    {
        Invariant.Holds(view.End.Offset == offset, $"{loaded.Folder}: the log ends at {view.End.Offset} after a cut to {offset}");
        Invariant.Holds(view.End.Position == view.End.Segment.Size,
            $"{loaded.Folder}: the log ends at {view.End.Position}, its file at {view.End.Segment.Size}");
        Invariant.Holds(loaded.Producers.EndOffset <= offset,
            $"{loaded.Folder}: producers are known up to {loaded.Producers.EndOffset} after a cut to {offset}");
        Invariant.Holds(loaded.Epochs.CountBehind(offset) == 0, $"{loaded.Folder}: {loaded.Epochs.CountBehind(offset)} epochs begin behind a cut to {offset}");
        Invariant.Holds(view.LogStartOffset <= offset, $"{loaded.Folder}: the log starts at {view.LogStartOffset} after a cut to {offset}");
    }

    /// <summary>The folder is synced after it: one that came back after a crash would tell of producers of what is cut off.</summary>
    private void DeleteSnapshotsBehind(long offset)
    {
        loaded.Producers.DeleteSnapshotsBehind(offset);
        segments.NamesChanged();
    }
}
