using KafkaCompat.Storage;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Metadata;

/// <summary>The named events of partitions that come and go.</summary>
internal static partial class PartitionLogMessages
{
    [LoggerMessage(1201, LogLevel.Warning, "The folder {Folder} belongs to no partition of this node; it was set aside.")]
    public static partial void Stray(ILogger logger, string folder);

    [LoggerMessage(1202, LogLevel.Error, "The log of {Partition} cannot be used.")]
    public static partial void Offline(ILogger logger, Exception exception, TopicPartition partition);
}
