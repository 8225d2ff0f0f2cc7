using KafkaCompat.Storage;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Logs;

/// <summary>The named events of the log directories' chores.</summary>
internal static partial class LogKeeperLog
{
    [LoggerMessage(1101, LogLevel.Information, "Deleted {Count} segments of {Partition} by its retention settings; its log starts at {LogStartOffset} now.")]
    public static partial void SegmentsDeleted(ILogger logger, TopicPartition partition, int count, long logStartOffset);

    [LoggerMessage(1102, LogLevel.Error, "The chore {Name} of the log directories has ended, as none of them is left.")]
    public static partial void ChoreEnded(ILogger logger, Exception exception, string name);

    [LoggerMessage(1103, LogLevel.Error, "The chore {Name} of the log directories failed; it is tried again when it is due.")]
    public static partial void ChoreFailed(ILogger logger, Exception exception, string name);

    [LoggerMessage(1104, LogLevel.Error, "The chore {Name} failed for {Partition}; it goes on with other partitions, and is tried again when it is due.")]
    public static partial void PartitionFailed(ILogger logger, Exception exception, string name, TopicPartition partition);
}
