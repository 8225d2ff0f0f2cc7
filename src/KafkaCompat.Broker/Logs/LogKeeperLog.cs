using KafkaCompat.Storage;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Logs;

/// <summary>The named events of the log directories' chores.</summary>
internal static partial class LogKeeperLog
{
    [LoggerMessage(1101, LogLevel.Information, "Deleted {Count} segments of {Partition} by its retention settings; its log starts at {LogStartOffset} now.")]
    public static partial void SegmentsDeleted(ILogger logger, TopicPartition partition, int count, long logStartOffset);

    [LoggerMessage(1102, LogLevel.Error, "The chore {Name} of the log directories failed and has ended.")]
    public static partial void ChoreFailed(ILogger logger, Exception exception, string name);

    [LoggerMessage(1103, LogLevel.Error, "A log directory failed during the chore {Name}; it goes on with the others.")]
    public static partial void DirectoryFailed(ILogger logger, Exception exception, string name);
}
