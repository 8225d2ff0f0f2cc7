using System.Globalization;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Checkpoints;

/// <summary>An offset a partition: the recovery points, high watermarks and log starts of a directory.</summary>
public static class OffsetCheckpoint
{
    public const string RecoveryPoints = "recovery-point-offset-checkpoint";
    public const string HighWatermarks = "replication-offset-checkpoint";
    public const string LogStarts = "log-start-offset-checkpoint";
    public const string Cleaner = "cleaner-offset-checkpoint";

    public static Dictionary<TopicPartition, long> Read(IFileStore files, string path)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        foreach (var cells in CheckpointText.Read(files, path, 3))
            offsets[new TopicPartition(cells[0], CheckpointText.Int(cells[1], path))] = CheckpointText.Number(cells[2], path);
        return offsets;
    }

    public static void Write(IFileStore files, string path, IReadOnlyDictionary<TopicPartition, long> offsets, bool syncFolder = true) =>
        files.WriteAtomically(path,
            CheckpointText.Encode(offsets.Count,
            offsets.OrderBy(static entry => entry.Key.Topic, StringComparer.Ordinal).ThenBy(static entry => entry.Key.Partition).Select(static entry =>
            string.Create(CultureInfo.InvariantCulture, $"{entry.Key.Topic} {entry.Key.Partition} {entry.Value}"))), syncFolder: syncFolder);
}
