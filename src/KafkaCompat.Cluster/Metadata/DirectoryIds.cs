using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>Values of a partition's directory that name no directory; ids below 100 are reserved for such.</summary>
public static class DirectoryIds
{
    private const long Reserved = 100;

    /// <summary>The directory is not known because the metadata version is too low to say it.</summary>
    public static Uuid Migrating => default;

    /// <summary>The broker has more than one directory and has not chosen yet.</summary>
    public static Uuid Unassigned => new(0, 1);

    /// <summary>The directory that held the replica is gone.</summary>
    public static Uuid Lost => new(0, 2);

    public static bool IsReserved(Uuid id) => id.High == 0 && id.Low is >= 0 and < Reserved;
}
