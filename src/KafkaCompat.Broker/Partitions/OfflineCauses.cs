using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Takes partitions out of service and says why: a line for each cause in a step of the metadata, however many partitions it takes away, and no line where
/// they were out of service by the same cause before. Of what nobody foresaw the line has a stack, once.
/// </summary>
internal sealed class OfflineCauses(PartitionTable table, ILogger logger)
{
    private readonly SortedDictionary<string, Cause> _causes = new(StringComparer.Ordinal);

    /// <summary>Whether a partition is out of use for lack of descriptors, which passes.</summary>
    public static bool IsShortage(Exception failure) => FileShortage.IsOfDescriptors(failure);

    /// <summary>A fault of a disk, of files or of a shortage, which its message explains.</summary>
    public static bool IsForeseen(Exception failure) => failure.GetBaseException() is IOException or UnauthorizedAccessException or LogCorruptionException;

    /// <summary>A partition's directory is not to be had.</summary>
    public void Add(TopicPartition key, Uuid topicId, string reason) => Add(key, new OfflinePartition(topicId, reason, reason), null);

    /// <summary>A partition's log cannot be used. Many name a file of their own, and are one cause all the same.</summary>
    public void Add(TopicPartition key, Uuid topicId, Exception failure)
    {
        var root = failure.GetBaseException();
        Add(key, new OfflinePartition(topicId, $"{root.GetType().FullName} {root.HResult}", failure.Message.TrimEnd('.')), failure);
    }

    /// <summary>Logs what was added since the last time.</summary>
    public void Log()
    {
        foreach (var cause in _causes.Values)
        {
            if (cause.Failure is not { } failure) PartitionLogMessages.WentOffline(logger, cause.Count, cause.Reason);
            else if (IsShortage(failure))
                PartitionLogMessages.LackDescriptors(logger, cause.Count, cause.First, RefusedPartitions.RetryMs / 1_000, cause.Reason);
            else PartitionLogMessages.Offline(logger, IsForeseen(failure) ? null : failure, cause.Count, cause.First, cause.Reason);
        }
        _causes.Clear();
    }

    private void Add(TopicPartition key, OfflinePartition partition, Exception? failure)
    {
        var before = table.Offline.GetValueOrDefault(key);
        table.Offline[key] = partition;
        if (before?.Cause == partition.Cause) return;
        if (_causes.TryGetValue(partition.Cause, out var known)) known.Count++;
        else _causes.Add(partition.Cause, new Cause(key, partition.Reason, failure));
    }

    private sealed record Cause(TopicPartition First, string Reason, Exception? Failure)
    {
        public int Count { get; set; } = 1;
    }
}
