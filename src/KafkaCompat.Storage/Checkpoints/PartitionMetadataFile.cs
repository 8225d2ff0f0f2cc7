using System.Text;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary><c>partition.metadata</c>: the topic id of the partition whose folder holds it.</summary>
public static class PartitionMetadataFile
{
    public const string FileName = "partition.metadata";

    /// <summary>The topic id; null where the file is absent.</summary>
    public static Uuid? Read(IFileStore files, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!files.FileExists(path))
            return null;
        Uuid? topicId = null;
        bool versioned = false;
        foreach (string line in files.ReadAllText(path).Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            string value = colon < 0 ? "" : line[(colon + 1)..].Trim();
            if (line.StartsWith("version:", StringComparison.Ordinal))
                versioned = value == "0";
            else if (line.StartsWith("topic_id:", StringComparison.Ordinal) && Uuid.TryParse(value, out Uuid id))
                topicId = id;
        }
        return versioned && topicId is { } found && found != Uuid.Zero ? found : throw new LogCorruptionException($"{path} is malformed.");
    }

    /// <summary>Puts the file in place, whole; its name is durable once the folder is synced.</summary>
    public static void Write(IFileStore files, string folder, Uuid topicId) =>
        files.WriteAtomically(Path.Combine(folder, FileName), Encoding.UTF8.GetBytes($"version: 0\ntopic_id: {topicId}"), syncFolder: false);
}
