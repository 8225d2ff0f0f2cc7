using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// What a turn of <see cref="DirectoryWork"/> does, in this order. However often a partition is named, it is done once, as the image says that named the last.
/// </summary>
internal sealed class DirectoryTurn
{
    /// <summary>Partitions that have left the table, to be closed.</summary>
    public List<Partition> Closed { get; } = [];

    /// <summary>What is left to do with logs that have left the directory.</summary>
    public List<TakenOutLogs> TakenOut { get; } = [];

    /// <summary>Partitions that were deleted while the directory was behind: what it has made of them since goes.</summary>
    public HashSet<TopicPartition> Deleted { get; } = [];

    /// <summary>Partitions to be opened, or told who leads them.</summary>
    public OrderedDictionary<TopicPartition, bool> Changed { get; } = [];

    /// <summary>
    /// The image that named the last of them. A turn knows no newer one: what it makes is of no topic whose name a later turn has yet to free.
    /// </summary>
    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    /// <summary>Partitions whose settings have changed.</summary>
    public HashSet<TopicPartition> Configured { get; } = [];

    public bool IsEmpty => Closed.Count + TakenOut.Count + Deleted.Count + Changed.Count + Configured.Count == 0;

    public bool HasDeletions => Closed.Count + TakenOut.Count + Deleted.Count > 0;

    /// <summary>A partition is to be looked at; <paramref name="isRetried"/> where it was refused before.</summary>
    public void Change(TopicPartition key, bool isRetried, MetadataImage image)
    {
        Changed[key] = isRetried || Changed.GetValueOrDefault(key);
        Image = image;
    }
}

/// <summary>Logs that nobody finds any more, and what is left to do with them.</summary>
internal readonly record struct TakenOutLogs(IReadOnlyCollection<TopicPartition> Partitions, Action Finish);

/// <summary>A partition that is to be opened, or told who leads it, as an image says.</summary>
/// <param name="Topic">Its topic in that image.</param>
/// <param name="Key">Its name.</param>
/// <param name="Registration">What the image says of it.</param>
/// <param name="IsRetried">Whether it was refused before.</param>
internal readonly record struct ChangedPartition(HostedTopic Topic, TopicPartition Key, PartitionRegistration Registration, bool IsRetried);

/// <summary>Which directory is to make a log, in which turn, and for which topic. In an earlier turn the name may not be free yet.</summary>
internal sealed record PlacedLog(DirectoryWork Work, DirectoryTurn Turn, Uuid TopicId);
