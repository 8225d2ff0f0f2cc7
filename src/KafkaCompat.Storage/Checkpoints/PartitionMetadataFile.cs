using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary><c>partition.metadata</c>: the topic id of the partition whose folder holds it.</summary>
public static class PartitionMetadataFile
{
    public const string FileName = "partition.metadata";

    private const string Start = "version: 0\ntopic_id: ";
    private const int TopicIdCharacters = 22;

    /// <summary>The topic id; null where the file is absent, or is torn because the machine stopped before it was on the disk: no record was then.</summary>
    public static Uuid? Read(IFileStore files, string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!files.FileExists(path))
            return null;
        var content = files.ReadAllBytes(path);
        // The words before the colons are not looked at, and a later version says more behind these lines.
        var lines = CheckpointText.Lines(Encoding.UTF8.GetString(content));
        if (lines.Length >= 2 && Value(lines[0]) is { } version && JavaNumber.TryInt(version, out var number) && number >= 0
            && Value(lines[1]) is { } text && Uuid.TryParse(text, out var topicId) && topicId != Uuid.Zero)
        {
            return topicId;
        }

        return IsTorn(content) ? null : throw new LogCorruptionException($"{path} is malformed.");
    }

    /// <summary>What stands behind a line's one colon and the blanks that follow it; null where there is no such.</summary>
    private static string? Value(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return null;
        var start = colon + 1;
        while (start < line.Length && line[start] is ' ' or '\t' or '\v' or '\f')
            start++;
        return start > colon + 1 && start < line.Length ? line[start..] : null;
    }

    /// <summary>
    /// Puts the file in place, whole, for whoever opens the folder next; <see cref="Sync"/> makes it durable, and a sync of the folder its name.
    /// </summary>
    public static void Write(IFileStore files, string folder, Uuid topicId) =>
        files.WriteAtomically(Path.Combine(folder, FileName), Encoding.UTF8.GetBytes($"{Start}{topicId}"), sync: false);

    public static void Sync(IFileStore files, string folder)
    {
        using var file = files.Open(Path.Combine(folder, FileName), FileOpening.ReadWrite);
        file.Sync();
    }

    /// <summary>A beginning of what is written, with nothing or zeros behind it.</summary>
    private static bool IsTorn(ReadOnlySpan<byte> content)
    {
        var kept = content.TrimEnd((byte)0);
        return kept.Length < Start.Length + TopicIdCharacters && Encoding.UTF8.GetBytes(Start).AsSpan().StartsWith(kept[..Math.Min(kept.Length, Start.Length)]);
    }
}
