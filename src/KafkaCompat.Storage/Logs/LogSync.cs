using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Storage.Logs;

/// <summary>
/// Makes durable what a log holds, beside appends, and knows how far that is done. Whoever calls holds the lock over the log's files; the log's own lock is
/// taken here, for moments.
/// </summary>
internal sealed class LogSync(LogEnvironment environment, LoadedLog loaded, LogView view)
{
    private long _recoveryPoint = loaded.RecoveryPoint;

    /// <summary>
    /// Where a segment starts, before the recovery point perhaps, whose files were changed since they were synced: it was cut or sealed, or recovery built its
    /// indexes again. A roll does not make it durable.
    /// </summary>
    private long _changedFrom = loaded.UnsyncedFrom;

    /// <summary>Everything before it is on the disk.</summary>
    public long RecoveryPoint => Volatile.Read(ref _recoveryPoint);

    /// <summary>New, and a crash of the machine may take its folder, or what says whose it is. A sync changes that first.</summary>
    public bool IsNameUnsynced { get; set; }

    /// <summary>From where on the files of segments may not be on the disk as they are.</summary>
    public long UnsyncedFrom => Math.Min(RecoveryPoint, Volatile.Read(ref _changedFrom));

    /// <summary>The log ends there now, and the segment that does was cut.</summary>
    public void CutTo(long offset, long baseOffset)
    {
        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        Invariant.Holds(_recoveryPoint <= view.End.Offset, $"{loaded.Folder}: the recovery point is {_recoveryPoint}, the log was cut to {view.End.Offset}");
        Volatile.Write(ref _changedFrom, Math.Min(_changedFrom, baseOffset));
    }

    /// <summary>A segment takes no more appends. Its time index has got its last entry, although all of its batches may be on the disk already.</summary>
    public void Sealed(long baseOffset) => Volatile.Write(ref _changedFrom, Math.Min(_changedFrom, baseOffset));

    /// <summary>Segments that start before an offset; with <paramref name="isNameDurable"/> the folder's own name is durable already.</summary>
    public void Sync(long beforeOffset, bool isNameDurable)
    {
        LogSegment[] segments;
        LogSegment active;
        long[] snapshots;
        long target, changedFrom;
        var syncsName = IsNameUnsynced;
        if (syncsName)
            SyncNames(isNameDurable);
        var newNames = syncsName;
        lock (loaded.Gate)
        {
            if (view.IsClosed)
                return;
            target = Math.Min(beforeOffset, view.End.Offset);
            active = view.End.Segment;
            var first = Math.Max(0, SegmentReader.Floor(view.Segments, UnsyncedFrom));
            var count = 0;
            while (first + count < view.Segments.Length && view.Segments[first + count].BaseOffset < beforeOffset)
                count++;
            segments = view.Segments[first..(first + count)];
            Invariant.Holds(target < view.End.Offset || beforeOffset <= active.BaseOffset || (count > 0 && ReferenceEquals(segments[^1], active)),
                $"{loaded.Folder}: the last segment, from {active.BaseOffset} on, is not synced up to {target}");
            // What can be refused comes first: who asks again finds the names still unsynced.
            foreach (var segment in segments)
                segment.WriteIndexes();
            foreach (var segment in segments)
            {
                newNames |= segment.HasNewNames;
                segment.HasNewNames = false;
            }
            snapshots = loaded.Producers.TakeUnsyncedSnapshots();
            // A segment that is sealed beside this sync says so afterwards, for the next one.
            changedFrom = _changedFrom;
            if (target > changedFrom)
                Volatile.Write(ref _changedFrom, target);
        }
        var newEpochs = false;
        try
        {
            // Recovery reads no epoch out of batches that lie before the recovery point: the file has to know them first.
            newEpochs = target > _recoveryPoint && loaded.Epochs.MakeDurable(target);
            SyncFiles(segments, active, snapshots, newNames || newEpochs);
        }
        catch (IOException failure) when (FileShortage.IsOfDescriptors(failure))
        {
            // The next sync does all of it again.
            lock (loaded.Gate)
            {
                loaded.Producers.GiveBack(snapshots);
                Volatile.Write(ref _changedFrom, Math.Min(_changedFrom, changedFrom));
                if (segments.Length > 0)
                    segments[0].HasNewNames |= newNames;
                if (newEpochs)
                    loaded.Epochs.NameIsUnsynced();
            }
            throw;
        }
        if (syncsName)
            IsNameUnsynced = false;
        lock (loaded.Gate)
        {
            if (target > _recoveryPoint && target <= view.End.Offset)
                Volatile.Write(ref _recoveryPoint, target);
            Invariant.Holds(_recoveryPoint <= view.End.Offset,
                $"{loaded.Folder}: the recovery point is {_recoveryPoint}, and the log ends at {view.End.Offset}");
        }
    }

    /// <summary>Makes a new log's folder durable, and what says whose it is.</summary>
    public void SyncName(bool isNameDurable)
    {
        SyncNames(isNameDurable);
        lock (loaded.Gate)
        {
            // Where the folder cannot be synced now this is done again, and the names with it.
            foreach (var segment in view.Segments)
                segment.HasNewNames = false;
        }
        environment.Files.SyncFolder(loaded.Folder);
        IsNameUnsynced = false;
    }

    /// <summary>What says whose a new log's folder is, and the folder's own name; the names in the folder are the caller's to sync.</summary>
    private void SyncNames(bool isNameDurable)
    {
        if (!isNameDurable)
            environment.Files.SyncFolder(Path.GetDirectoryName(loaded.Folder)!);
        PartitionMetadataFile.Sync(environment.Files, loaded.Folder);
    }

    private void SyncFiles(LogSegment[] segments, LogSegment active, long[] snapshots, bool newNames)
    {
        foreach (var segment in segments)
        {
            segment.Sync();
            if (!ReferenceEquals(segment, active))
                segment.CloseIndexFiles();
        }
        foreach (var snapshot in snapshots.Select(loaded.Producers.SnapshotPath))
        {
            if (!environment.Files.FileExists(snapshot))
                continue;
            using var file = environment.Files.Open(snapshot, FileOpening.ReadWrite);
            file.Sync();
        }
        if (newNames || snapshots.Length > 0)
            environment.Files.SyncFolder(loaded.Folder);
    }
}
