using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>The log messages of every coordinator.</summary>
internal static partial class CoordinatorLogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Loaded {Topic}-{Partition} up to offset {Offset} in {Elapsed} ms.")]
    public static partial void Loaded(this ILogger logger, string topic, int partition, long offset, long elapsed);

    [LoggerMessage(2, LogLevel.Warning, "Unreadable records in {Topic}-{Partition}: {Count}. What they say is missing.")]
    public static partial void UnreadableRecords(this ILogger logger, string topic, int partition, long count);

    [LoggerMessage(3, LogLevel.Warning, "Reading {Topic}-{Partition} at offset {Offset} failed with {Error}. The node retries.")]
    public static partial void LoadFailed(this ILogger logger, string topic, int partition, long offset, ErrorCode error);

    [LoggerMessage(4, LogLevel.Warning, "Appending to {Topic}-{Partition} failed with {Error}.")]
    public static partial void AppendFailed(this ILogger logger, string topic, int partition, ErrorCode error);

    [LoggerMessage(5, LogLevel.Error, "Loading {Topic}-{Partition} failed. The node retries.")]
    public static partial void LoadFaulted(this ILogger logger, Exception exception, string topic, int partition);

    [LoggerMessage(6, LogLevel.Error, "{Command} failed on {Topic}-{Partition} and changed nothing. It is answered with UNKNOWN_SERVER_ERROR.")]
    public static partial void CommandFailed(this ILogger logger, Exception exception, string command, string topic, int partition);

    [LoggerMessage(7, LogLevel.Error, "An error made the node load {Topic}-{Partition} again. Clients whose requests waited get an error and retry.")]
    public static partial void ShardFailed(this ILogger logger, Exception exception, string topic, int partition);
}
