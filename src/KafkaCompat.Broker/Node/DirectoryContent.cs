using KafkaCompat.Broker.Quorum;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Node;

/// <summary>What a directory holds of a node, whosever it is.</summary>
public static class DirectoryContent
{
    /// <summary>
    /// The name of what can be a node's data in a directory: a partition's folder, a checkpoint, a mark of a clean stop; null where there is none. What else
    /// lies there (a .gitkeep, lost+found, a file of a file manager) is nobody's business; a formatting that was begun counts as none.
    /// </summary>
    public static string? DataIn(IFileStore files, string directory)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!files.FolderExists(directory)) return null;
        var entries = files.List(directory);
        return PartitionFolders(entries).FirstOrDefault()
            ?? entries.Where(entry => entry.IsFolder
            ? entry.Name == MetadataLog.FolderName && IsBeyondFormatting(files, Path.Combine(directory, entry.Name))
            : IsOfBroker(entry.Name))
                .Select(static entry => entry.Name).Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>Whether a metadata log is there, or at least its beginning.</summary>
    public static bool HasMetadataLog(IFileStore files, string directory)
    {
        ArgumentNullException.ThrowIfNull(files);
        var folder = Path.Combine(directory, MetadataLog.FolderName);
        return files.FolderExists(folder) && files.List(folder).Count > 0;
    }

    /// <summary>The first folder that is or was a partition's; null where there is none.</summary>
    public static string? PartitionIn(IFileStore files, string directory)
    {
        ArgumentNullException.ThrowIfNull(files);
        return PartitionFolders(files.List(directory)).FirstOrDefault();
    }

    /// <summary>The topics that have a partition's folder there, as far as names tell: a start asks the metadata.</summary>
    public static IEnumerable<string> TopicsIn(IFileStore files, string directory)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var folder in files.FolderExists(directory) ? PartitionFolders(files.List(directory)) : [])
        {
            if (TopicPartition.TryParseFolder(folder, out var partition, out var kind) && kind == LogFolderKind.Log) yield return partition.Topic;
        }
    }

    /// <summary>The folders that are or were a partition's, in the order of their names; the metadata log's is not among them.</summary>
    private static IEnumerable<string> PartitionFolders(IEnumerable<StoredEntry> entries) => entries
        .Where(static entry => entry.IsFolder && TopicPartition.TryParseFolder(entry.Name, out var partition, out _)
            && partition.Topic != InternalTopics.ClusterMetadata)
        .Select(static entry => entry.Name).Order(StringComparer.Ordinal);

    private static bool IsBeyondFormatting(IFileStore files, string metadataLog) =>
        files.List(metadataLog).Any(static file => !file.Name.StartsWith(SnapshotId.Bootstrap.FileName, StringComparison.Ordinal));

    private static bool IsOfBroker(string file) =>
        file is OffsetCheckpoint.RecoveryPoints or OffsetCheckpoint.HighWatermarks or OffsetCheckpoint.LogStarts
            or OffsetCheckpoint.Cleaner or LogDirectory.CleanMarkerName;
}
