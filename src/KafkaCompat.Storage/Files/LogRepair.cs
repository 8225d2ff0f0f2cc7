using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Storage.Files;

/// <summary>What the opening of a log does to files that a crash, a disk or a person left otherwise than a clean stop does.</summary>
public enum RepairAct
{
    /// <summary>Bytes behind the last whole and sound batch were cut off.</summary>
    LogCut,

    /// <summary>Bytes that are no batch, with sound ones behind them, stay where they are: their offsets are answered with an error.</summary>
    DamageKept,

    /// <summary>Segments behind a cut were deleted.</summary>
    SegmentsDeleted,

    /// <summary>The log ended before its start: all of its segments were deleted, and it starts over.</summary>
    LogStartedOver,

    /// <summary>An index was absent or damaged and was rebuilt from the log.</summary>
    IndexRebuilt,

    /// <summary>A snapshot of producers was damaged and deleted.</summary>
    ProducersForgotten,

    /// <summary>Files of a cleaning that had not ended were deleted.</summary>
    CleaningUndone,

    /// <summary>The files of a cleaning that had ended took the place of those that they replace.</summary>
    CleaningFinished,

    /// <summary>Files that were to be deleted were deleted.</summary>
    DeletionFinished,

    /// <summary>Nothing was done: the log ends before the high watermark that was written down last, so records that were acknowledged are gone.</summary>
    AcknowledgedLost,

    /// <summary>A folder of a deleted log was found; it goes when the delay is over.</summary>
    DeletionResumed,

    /// <summary>A folder that was made for a partition and held nothing yet was deleted.</summary>
    UnusedFolderDeleted,

    /// <summary>A log that is whole ends before an offset up to which it was on the disk.</summary>
    RecordsMissing,

    /// <summary>Leader epochs that start behind the log's end were cut off their file.</summary>
    EpochsCut,

    /// <summary>Snapshots of producers that belong to no segment were deleted.</summary>
    SnapshotsDeleted,

    /// <summary>The file that says how the quorum's elections went is missing beside a log that has records.</summary>
    ElectionsForgotten,
}

/// <summary>One repair, for people and for counting.</summary>
/// <param name="Act">What was done.</param>
/// <param name="Path">To which folder or file.</param>
/// <param name="Why">What was wrong, or null where the act says it.</param>
/// <param name="FromOffset">From where on records are gone, or from where to where an offset moved; -1 where no record is concerned.</param>
/// <param name="ToOffset">Where the log ends or starts now; -1 where that did not change.</param>
/// <param name="Count">How many bytes or files are gone.</param>
public sealed record LogRepair(RepairAct Act, string Path, string? Why = null, long FromOffset = -1, long ToOffset = -1, long Count = 0)
{
    /// <summary>The partition's name, by the folder that is the path or holds it; the directory where no partition's folder does.</summary>
    public string Partition
    {
        get
        {
            var own = System.IO.Path.GetFileName(Path);
            if (TopicPartition.TryParseFolder(own, out _, out _))
                return own;
            var parent = System.IO.Path.GetDirectoryName(Path);
            var above = System.IO.Path.GetFileName(parent) ?? "";
            return TopicPartition.TryParseFolder(above, out _, out _) ? above : parent ?? Path;
        }
    }

    /// <summary>Where what is gone from the log is kept; null where it is not.</summary>
    public string? KeptAs { get; init; }

    /// <summary>Whether it is a log of what groups have committed.</summary>
    public bool IsOfGroups => Partition.StartsWith(InternalTopics.Offsets + "-", StringComparison.Ordinal);

    /// <summary>Whether it is the log of the metadata, by which all other logs are found.</summary>
    public bool IsOfMetadata => Partition.StartsWith(InternalTopics.ClusterMetadata, StringComparison.Ordinal);
}
