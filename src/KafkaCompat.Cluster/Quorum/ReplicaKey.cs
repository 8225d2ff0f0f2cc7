using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>A replica of the metadata log: a node and the directory that it keeps the log in. Without dynamic voters the directory is zero.</summary>
public readonly record struct ReplicaKey(int Id, Uuid DirectoryId) : IComparable<ReplicaKey>
{
    public static ReplicaKey None => new(-1, Uuid.Zero);

    /// <summary>Whether both may be the same replica: one that does not know its directory id matches any.</summary>
    public bool Matches(ReplicaKey other) => Id == other.Id && (DirectoryId == Uuid.Zero || other.DirectoryId == Uuid.Zero || DirectoryId == other.DirectoryId);

    /// <summary>By the node, then by the directory.</summary>
    public int CompareTo(ReplicaKey other) => Id != other.Id ? Id.CompareTo(other.Id) : DirectoryId.CompareTo(other.DirectoryId);

    public static bool operator <(ReplicaKey left, ReplicaKey right) => left.CompareTo(right) < 0;

    public static bool operator >(ReplicaKey left, ReplicaKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReplicaKey left, ReplicaKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReplicaKey left, ReplicaKey right) => left.CompareTo(right) >= 0;
}
