using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Directories;

/// <summary>A folder that a start finds in a directory: it holds a log, or a copy of one, or was deleted.</summary>
internal readonly record struct FoundFolder(TopicPartition Partition, string Path, LogFolderKind Kind)
{
    /// <summary>The folders of a directory that are named as logs are, the metadata log's and strays excepted.</summary>
    public static IEnumerable<FoundFolder> In(IFileStore files, string directory)
    {
        foreach (var entry in files.List(directory))
        {
            if (!entry.IsFolder || !TopicPartition.TryParseFolder(entry.Name, out var partition, out var kind))
                continue;
            if (kind == LogFolderKind.Deleted || (kind is LogFolderKind.Log or LogFolderKind.Future && partition.Topic != InternalTopics.ClusterMetadata))
                yield return new FoundFolder(partition, System.IO.Path.Combine(directory, entry.Name), kind);
        }
    }

    /// <summary>
    /// Whether a deleted folder says that it is of the topic that has the name now. One that is partly removed may say nothing, and no start depends on it.
    /// </summary>
    public bool IsOfLiving(IFileStore files, Func<TopicPartition, Uuid?, bool> isKnown)
    {
        try
        {
            return PartitionMetadataFile.Read(files, Path) is { } topicId && isKnown(Partition, topicId);
        }
        catch (Exception failure) when (failure is IOException or LogCorruptionException)
        {
            return false;
        }
    }

    /// <summary>Whether it holds nothing but what is written first, which says whose it is.</summary>
    public bool IsUnused(IFileStore files) => files.List(Path).All(static entry =>
        !entry.IsFolder && entry.Name is PartitionMetadataFile.FileName or PartitionMetadataFile.FileName + FileStoreOperations.TemporarySuffix);
}
