using System.Globalization;

namespace KafkaCompat.Storage.Files;

/// <summary>What a folder of a log directory is, by its name.</summary>
public enum LogFolderKind
{
    Log,

    /// <summary>Its topic or partition was deleted; the folder goes once the delay is over.</summary>
    Deleted,

    /// <summary>It belongs to no partition of the metadata and is kept untouched.</summary>
    Stray,

    /// <summary>A copy in the making that is to replace the partition's log in another directory.</summary>
    Future,
}

/// <summary>A topic's name and a partition's number, which together name the folder <c>TOPIC-PARTITION</c>.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    private const int LongestFolderName = 255;

    /// <summary>By topic, then number: the order of whatever goes by partition and reaches files, messages or logs.</summary>
    public static IComparer<TopicPartition> Order { get; } = Comparer<TopicPartition>.Create(static (one, other) =>
        string.CompareOrdinal(one.Topic, other.Topic) is not 0 and var byTopic ? byTopic : one.Partition.CompareTo(other.Partition));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}-{Partition}");

    /// <summary>Reads a folder's name; a name that no log has gives false.</summary>
    public static bool TryParseFolder(string name, out TopicPartition partition, out LogFolderKind kind)
    {
        partition = default;
        kind = LogFolderKind.Log;
        ReadOnlySpan<char> rest = name;
        foreach ((var suffix, var suffixed) in (ReadOnlySpan<(string, LogFolderKind)>)
            [("-delete", LogFolderKind.Deleted), ("-stray", LogFolderKind.Stray), ("-future", LogFolderKind.Future)])
        {
            if (!rest.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            var dot = rest.LastIndexOf('.');
            if (dot < 0 || rest.Length - suffix.Length - dot - 1 != 32)
                continue;
            kind = suffixed;
            rest = rest[..dot];
            break;
        }
        var dash = rest.LastIndexOf('-');
        if (dash <= 0 || !int.TryParse(rest[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        partition = new TopicPartition(rest[..dash].ToString(), number);
        return true;
    }

    /// <summary>The name of the folder once it is set aside; a long topic name is cut so that the file system takes it.</summary>
    public string SetAsideName(LogFolderKind kind, Guid unique)
    {
        var suffix = string.Create(CultureInfo.InvariantCulture,
            $"-{Partition}.{unique:N}-{(kind == LogFolderKind.Deleted ? "delete" : kind == LogFolderKind.Stray ? "stray" : "future")}");
        return Topic[..Math.Min(Topic.Length, LongestFolderName - suffix.Length)] + suffix;
    }
}
