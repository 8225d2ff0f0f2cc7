using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>The log messages of the log directories' background tasks.</summary>
internal static partial class LogMaintenanceLogMessages
{
    [LoggerMessage(1101, LogLevel.Information, "Retention deleted segments of {Partition}: {Count}. Its log starts at {LogStartOffset} now.")]
    public static partial void SegmentsDeleted(ILogger logger, TopicPartition partition, int count, long logStartOffset);

    [LoggerMessage(1103, LogLevel.Error, "The background task {Name} of the log directory {Directory} failed. It runs again at its next interval.")]
    public static partial void TaskFailed(ILogger logger, Exception exception, string name, string directory);

    [LoggerMessage(1104, LogLevel.Error, "The background task {Name} failed for {Partition}. It continues with the other partitions.")]
    public static partial void PartitionFailed(ILogger logger, Exception exception, string name, TopicPartition partition);

    [LoggerMessage(1105, LogLevel.Warning, "The background task {Name} needs a file descriptor and runs again at its next interval: {Reason}")]
    public static partial void TaskLacksFiles(ILogger logger, string name, string reason);
}
