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

    /// <summary>What a file says. Throws <see cref="LogCorruptionException"/>, with what to do, where it is damaged.</summary>
    public static Dictionary<TopicPartition, long> Read(IFileStore files, string path)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        try
        {
            foreach (var cells in CheckpointText.Read(files, path, 3))
                offsets[new TopicPartition(cells[0], CheckpointText.Int(cells[1], path))] = CheckpointText.Number(cells[2], path);
        }
        catch (LogCorruptionException damage) when (WithoutIt(Path.GetFileName(path)) is { } cost)
        {
            throw CheckpointText.WithRemedy(damage, cost);
        }
        return offsets;
    }

    /// <summary>What the next start does in a directory without the file; null of one that no start reads.</summary>
    private static string? WithoutIt(string name) => name switch
    {
        RecoveryPoints => "reads every log of the directory whole, and cuts a damaged one at its first bad batch, with all that is behind it.",
        HighWatermarks => "finds the high watermarks again, and cannot tell whether acknowledged records are missing.",
        LogStarts => "begins each log with its oldest segment, so records come back that were deleted by their offset (kafka-delete-records).",
        _ => null,
    };

    public static void Write(IFileStore files, string path, IReadOnlyDictionary<TopicPartition, long> offsets, bool syncFolder = true) =>
        files.WriteAtomically(path,
            CheckpointText.Encode(offsets.Count,
            offsets.OrderBy(static entry => entry.Key.Topic, StringComparer.Ordinal).ThenBy(static entry => entry.Key.Partition).Select(static entry =>
            string.Create(CultureInfo.InvariantCulture, $"{entry.Key.Topic} {entry.Key.Partition} {entry.Value}"))), syncFolder: syncFolder);
}
