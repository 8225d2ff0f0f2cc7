using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>The log messages of partitions that come and go.</summary>
internal static partial class PartitionLogMessages
{
    [LoggerMessage(1201, LogLevel.Warning,
        "The folder {Folder} was set aside, because it belongs to no partition of this node. It is kept. If the metadata has lost its topic, "
            + "stop the node, and put back a copy of the metadata that knows it; \"Topics that were set aside\" in the operations guide has the steps.")]
    public static partial void Stray(ILogger logger, string folder);

    [LoggerMessage(1202, LogLevel.Error,
        "Partitions are offline, {Partition} the first of {Count}: {Reason}. Others are served. Remove the cause, then restart the node. The next start "
            + "tries them again.")]
    public static partial void Offline(ILogger logger, Exception? exception, int count, TopicPartition partition, string reason);

    [LoggerMessage(1203, LogLevel.Error, "Partitions offline: {Count}. Reason: {Reason}.")]
    public static partial void WentOffline(ILogger logger, int count, string reason);

    [LoggerMessage(1205, LogLevel.Warning, "The controller refused the directory {Directory} of partition {Partition} of topic {Topic}: {Error}.")]
    public static partial void NotAssigned(ILogger logger, Uuid topic, int partition, Uuid directory, ErrorCode error);

    [LoggerMessage(1206, LogLevel.Warning,
        "The controller refused to note in which directories partitions are: {Error}. Partitions: {Count}. The node sends them again.")]
    public static partial void AssignmentsRefused(ILogger logger, int count, ErrorCode error);

    [LoggerMessage(1207, LogLevel.Error,
        "The folders of deleted partitions could not be set aside, {Partition} the first of {Count}: {Reason}. The next start sets them aside.")]
    public static partial void NotDeleted(ILogger logger, Exception? exception, int count, TopicPartition partition, string reason);

    [LoggerMessage(1208, LogLevel.Information, "Partitions that lacked file descriptors are in use again, {Partition} the first of {Count}.")]
    public static partial void Healed(ILogger logger, int count, TopicPartition partition);

    [LoggerMessage(1209, LogLevel.Information, "The log directory {Directory} was not closed cleanly. Its logs are checked from their recovery points on.")]
    public static partial void RecoveryBegins(ILogger logger, string directory);

    [LoggerMessage(1210, LogLevel.Information,
        "The logs were opened in {Milliseconds} ms. Logs: {Logs}. Bytes of batches checked: {Bytes}. Repairs: {Repairs}.")]
    public static partial void LogsOpened(ILogger logger, int logs, long milliseconds, long bytes, long repairs);

    [LoggerMessage(1211, LogLevel.Warning,
        "Topic {Topic} has cleanup.policy={Policy}. This broker does not compact logs yet: it keeps every record until retention deletes it.")]
    public static partial void NotCompacted(ILogger logger, string topic, string policy);

    [LoggerMessage(1212, LogLevel.Warning,
        "Topic {Topic} has cleanup.policy={Policy}. This broker does not compact logs yet: it keeps every record, and the topic grows for ever. "
            + "cleanup.policy=delete bounds it.")]
    public static partial void NeitherCompactedNorDeleted(ILogger logger, string topic, string policy);

    [LoggerMessage(1213, LogLevel.Warning, "Topics have a cleanup.policy that asks for compaction: {Count}. Further ones are not named.")]
    public static partial void NoMoreNamed(ILogger logger, int count);

    [LoggerMessage(1214, LogLevel.Error,
        "Partitions are offline for lack of file descriptors, {Partition} the first of {Count}: {Reason}. Raise the limit (ulimit -n), or close "
            + "connections. They are tried again every {Seconds} s.")]
    public static partial void LackDescriptors(ILogger logger, int count, TopicPartition partition, int seconds, string reason);

    [LoggerMessage(1215, LogLevel.Error, "The controller could not note in which directories partitions are. Partitions: {Count}. The node sends them again.")]
    public static partial void AssignmentsFailed(ILogger logger, Exception exception, int count);

    [LoggerMessage(1216, LogLevel.Warning,
        "The log directory {Directory} has not done what the metadata asks within {Milliseconds} ms: its disk does not answer, or is slow. The other "
            + "directories and the metadata go on without it.")]
    public static partial void DirectoryBehind(ILogger logger, string directory, int milliseconds);

    [LoggerMessage(1217, LogLevel.Information, "The log directory {Directory} has done all that the metadata asks.")]
    public static partial void DirectoryCaughtUp(ILogger logger, string directory);
}
