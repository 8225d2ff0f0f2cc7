using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;

namespace KafkaCompat.Storage.Directories;

/// <summary>What a start has found in a directory, for the directory to take over: the logs are open.</summary>
/// <param name="Opened">The logs, with their folders.</param>
/// <param name="Deleted">Folders of deleted logs, which go after a delay.</param>
/// <param name="Namesakes">Partitions whose name another topic had here.</param>
/// <param name="Strays">The new names of folders that were set aside because they belong to no partition of the metadata.</param>
/// <param name="HighWatermarks">As the last life wrote them down.</param>
internal sealed record FoundLogs(
    IReadOnlyList<(FoundFolder Folder, PartitionLog Log)> Opened,
    IReadOnlyList<(string Folder, long DelayMs)> Deleted,
    IReadOnlyList<TopicPartition> Namesakes,
    IReadOnlyList<string> Strays,
    IReadOnlyDictionary<TopicPartition, long> HighWatermarks);
