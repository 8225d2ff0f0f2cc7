using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Logs what the opening of logs has repaired and how far it is. Each act has a message of its own. A loss of records of the metadata log is an error, because
/// everything else follows from that log; any other loss is a warning. Indexes that a start rebuilds are logged together at its end: they usually have one
/// cause, such as somebody deleting them.
/// </summary>
internal sealed partial class RecoveryLogger(ILogger logger) : IRecoveryListener
{
    /// <summary>Files that a line about many names.</summary>
    private const int Named = 3;

    private readonly Lock _gate = new();
    private readonly List<LogRepair> _firstRebuilt = [];
    private long _rebuilt;
    private bool _hasEnded;

    public void Repaired(LogRepair repair)
    {
        var loss = repair.IsOfMetadata ? LogLevel.Error : LogLevel.Warning;
        // People know the offsets of a group, and not the log that keeps them.
        var ofGroups = repair.IsOfGroups
            ? " Offsets that groups had committed there are lost. These groups go on from earlier commits and read records again; one that has none left goes "
                + "by auto.offset.reset."
            : "";
        switch (repair.Act)
        {
            case RepairAct.LogCut when repair.KeptAs is { } kept:
                CutAndKept(logger, loss, repair.Partition, repair.ToOffset, repair.Why, repair.Path, repair.Count, kept);
                break;
            case RepairAct.LogCut:
                Cut(logger, loss, repair.Partition, repair.ToOffset, repair.Count, repair.Path, repair.Why, ofGroups);
                break;
            case RepairAct.DamageKept:
                DamageKept(logger, loss, repair.Count, repair.Path, repair.Partition, repair.FromOffset, repair.ToOffset, repair.Why);
                break;
            case RepairAct.SegmentsDeleted when repair.KeptAs is { } kept:
                SegmentsSetAside(logger, loss, repair.Count, repair.Partition, repair.FromOffset, repair.ToOffset, repair.Path, kept);
                break;
            case RepairAct.SegmentsDeleted:
                SegmentsDeleted(logger, loss, repair.Count, repair.Partition, repair.FromOffset, repair.ToOffset, repair.Path, ofGroups);
                break;
            case RepairAct.LogStartedOver:
                StartedOver(logger, loss, repair.Partition, repair.FromOffset, repair.ToOffset, repair.Count, repair.Path, ofGroups);
                break;
            case RepairAct.IndexRebuilt:
                if (repair.Why is { } why) IndexDoubted(logger, repair.Path, repair.Partition, why);
                else if (!IsGathered(repair)) IndexRebuilt(logger, repair.Partition, repair.Path);
                break;
            case RepairAct.ProducersForgotten:
                ProducersForgotten(logger, repair.Path, repair.Partition);
                break;
            case RepairAct.CleaningUndone:
                CleaningUndone(logger, repair.Path, repair.Partition);
                break;
            case RepairAct.CleaningFinished:
                CleaningFinished(logger, repair.Path, repair.Partition);
                break;
            case RepairAct.AcknowledgedLost:
                AcknowledgedLost(logger, loss, repair.FromOffset, repair.ToOffset, repair.Partition, repair.Path, ofGroups);
                break;
            case RepairAct.DeletionResumed:
                DeletionResumed(logger, repair.Path, repair.Partition);
                break;
            case RepairAct.UnusedFolderDeleted:
                UnusedFolderDeleted(logger, repair.Path, repair.Partition);
                break;
            case RepairAct.RecordsMissing:
                RecordsMissing(logger, loss, repair.Partition, repair.FromOffset, repair.ToOffset, repair.Path, ofGroups);
                break;
            case RepairAct.EpochsCut:
                EpochsCut(logger, repair.Count, repair.Path, repair.Partition, repair.ToOffset);
                break;
            case RepairAct.SnapshotsDeleted:
                SnapshotsDeleted(logger, repair.Count, repair.Partition, repair.Path);
                break;
            case RepairAct.ElectionsForgotten:
                ElectionsForgotten(logger, repair.Path, repair.Partition, repair.FromOffset);
                break;
            default:
                DeletionFinished(logger, repair.Path, repair.Partition);
                break;
        }
    }

    public void Progressed(RecoveryProgress progress) => Progressed(logger, progress.Opened, progress.Logs, progress.CheckedBytes);

    public void Ended()
    {
        lock (_gate)
        {
            _hasEnded = true;
            if (_rebuilt == 1)
            {
                IndexRebuilt(logger, _firstRebuilt[0].Partition, _firstRebuilt[0].Path);
            }
            else if (_rebuilt > 1)
            {
                var files = string.Join(", ", _firstRebuilt.Select(static repair => repair.Path).Order(StringComparer.Ordinal));
                IndexesRebuilt(logger, _rebuilt, files, _rebuilt > Named ? " and others" : "");
            }
            _rebuilt = 0;
            _firstRebuilt.Clear();
        }
    }

    /// <summary>Whether an index is logged with others. That of the metadata log is opened before them, and once they are open each is news.</summary>
    private bool IsGathered(LogRepair rebuilt)
    {
        lock (_gate)
        {
            if (_hasEnded || rebuilt.IsOfMetadata) return false;
            if (_rebuilt++ < Named) _firstRebuilt.Add(rebuilt);
            return true;
        }
    }

    [LoggerMessage(1220, LogLevel.Information, "Partitions opened: {Opened} of {Logs}. Bytes of batches checked: {Bytes}.")]
    private static partial void Progressed(ILogger logger, int opened, int logs, long bytes);

    [LoggerMessage(EventId = 1221,
        Message = "The log of {Partition} was cut to end at offset {Offset}: {Bytes} bytes at the end of {File} were removed, because {Why}.{OfGroups}")]
    private static partial void Cut(ILogger logger, LogLevel level, string partition, long offset, long bytes, string file, string? why, string ofGroups);

    [LoggerMessage(EventId = 1233, Message = "The log of {Partition} was cut to end at offset {Offset}, because {Why} in {File}. "
        + "The {Bytes} bytes from there on are kept as {Kept}. This node does not know what they say until the folder is restored from a copy.")]
    private static partial void CutAndKept(ILogger logger, LogLevel level, string partition, long offset, string? why, string file, long bytes, string kept);

    [LoggerMessage(EventId = 1234, Message =
        "Segments of {Partition}, from offset {From} on, were set aside: {Count}. The last one is kept as {Kept}. The log ends at offset {Offset}, in {File}. "
        + "This node does not know what they say until the folder is restored from a copy.")]
    private static partial void SegmentsSetAside(ILogger logger, LogLevel level, long count, string partition, long from, long offset, string file,
        string kept);

    [LoggerMessage(EventId = 1222,
        Message = "Segments of {Partition} were deleted, from offset {From} on: {Count}. The log now ends at offset {Offset}, in {File}.{OfGroups}")]
    private static partial void SegmentsDeleted(
        ILogger logger, LogLevel level, long count, string partition, long from, long offset, string file, string ofGroups);

    [LoggerMessage(EventId = 1223,
        Message = "The log of {Partition} was emptied in {Folder}, because it ended at offset {End}, before its start {Start}. Segments deleted: {Count}."
            + "{OfGroups}")]
    private static partial void StartedOver(
        ILogger logger, LogLevel level, string partition, long end, long start, long count, string folder, string ofGroups);

    [LoggerMessage(EventId = 1226,
        Message =
        "{Bytes} bytes of {File} from offset {From} to before {To} of {Partition} are not a batch, because {Why}. They stay in the file. Readers get "
            + "CORRUPT_MESSAGE, or a batch whose checksum is wrong.")]
    private static partial void DamageKept(ILogger logger, LogLevel level, long bytes, string file, string partition, long from, long to, string? why);

    [LoggerMessage(EventId = 1232,
        Message =
        "The records from offset {From} to before {To} of {Partition} are gone, and they had been acknowledged: the log in {Folder} ends before its high "
            + "watermark. The next records get the offsets from {From} on.{OfGroups}")]
    private static partial void AcknowledgedLost(
        ILogger logger, LogLevel level, long from, long to, string partition, string folder, string ofGroups);

    [LoggerMessage(1224, LogLevel.Warning, "An index of {Partition} was missing or damaged. It was rebuilt from {File}.")]
    private static partial void IndexRebuilt(ILogger logger, string partition, string file);

    [LoggerMessage(1240, LogLevel.Warning,
        "Indexes of segments were missing or damaged and were rebuilt from {Files}{More}. Segments with such an index: {Count}.")]
    private static partial void IndexesRebuilt(ILogger logger, long count, string files, string more);

    [LoggerMessage(1231, LogLevel.Warning,
        "The log is read without the index {File} of {Partition}, because {Why}. To have the index rebuilt, stop the node and delete the segment's .index, "
            + ".timeindex and .txnindex.")]
    private static partial void IndexDoubted(ILogger logger, string file, string partition, string why);

    [LoggerMessage(1225, LogLevel.Warning,
        "The producer snapshot {File} of {Partition} was damaged and is deleted. Producers are read from the batches instead.")]
    private static partial void ProducersForgotten(ILogger logger, string file, string partition);

    [LoggerMessage(1227, LogLevel.Information, "The file {File} of {Partition}, left by a cleaning that had not ended, is deleted.")]
    private static partial void CleaningUndone(ILogger logger, string file, string partition);

    [LoggerMessage(1228, LogLevel.Information, "The file {File} of {Partition}, left by a cleaning that had ended, has taken its place.")]
    private static partial void CleaningFinished(ILogger logger, string file, string partition);

    [LoggerMessage(1229, LogLevel.Information, "The file {File} of {Partition}, which was to be deleted, is deleted.")]
    private static partial void DeletionFinished(ILogger logger, string file, string partition);

    [LoggerMessage(1235, LogLevel.Information, "The folder {Folder} was left by the deletion of {Partition}. It goes when file.delete.delay.ms is over.")]
    private static partial void DeletionResumed(ILogger logger, string folder, string partition);

    [LoggerMessage(1241, LogLevel.Information, "The folder {Folder} is deleted. It was made for {Partition} and holds nothing.")]
    private static partial void UnusedFolderDeleted(ILogger logger, string folder, string partition);

    [LoggerMessage(EventId = 1236, Message =
        "Records of {Partition}, from offset {From} to before {To}, are gone from {File}. They had been written, and nothing says what became of them."
            + "{OfGroups}")]
    private static partial void RecordsMissing(ILogger logger, LogLevel level, string partition, long from, long to, string file, string ofGroups);

    [LoggerMessage(1237, LogLevel.Warning,
        "Entries of {File} were cut off: {Count}. The log of {Partition} ends at offset {Offset}, before their epochs begin.")]
    private static partial void EpochsCut(ILogger logger, long count, string file, string partition, long offset);

    [LoggerMessage(1238, LogLevel.Information, "{Count} producer snapshots of {Partition} that belong to no segment are deleted from {Folder}.")]
    private static partial void SnapshotsDeleted(ILogger logger, long count, string partition, string folder);

    [LoggerMessage(1239, LogLevel.Warning,
        "{File} of {Partition} is missing beside a log that ends at offset {Offset}. This node has forgotten for whom it voted. It takes the epoch from the "
            + "log.")]
    private static partial void ElectionsForgotten(ILogger logger, string file, string partition, long offset);
}
