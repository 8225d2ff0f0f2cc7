using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>A replica of the metadata log: a node and the directory that it keeps the log in. Without dynamic voters the directory is zero.</summary>
public readonly record struct ReplicaKey(int Id, Uuid DirectoryId)
{
    public static ReplicaKey None => new(-1, Uuid.Zero);

    /// <summary>Whether both may be the same replica: one that does not know its directory id matches any.</summary>
    public bool Matches(ReplicaKey other) => Id == other.Id && (DirectoryId == Uuid.Zero || other.DirectoryId == Uuid.Zero || DirectoryId == other.DirectoryId);
}
