using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Groups;

/// <summary>What the group coordinator logs.</summary>
internal static partial class GroupCoordinatorEvents
{
    [LoggerMessage(1, LogLevel.Information, "Loaded the groups of __consumer_offsets-{Partition} up to offset {Offset} in {Elapsed} ms.")]
    public static partial void Loaded(this ILogger logger, int partition, long offset, long elapsed);

    [LoggerMessage(2, LogLevel.Warning, "__consumer_offsets-{Partition} holds {Count} records that cannot be read; their groups or offsets are missing.")]
    public static partial void UnreadableRecords(this ILogger logger, int partition, long count);

    [LoggerMessage(3, LogLevel.Warning, "Reading __consumer_offsets-{Partition} at offset {Offset} failed with {Error}; trying again.")]
    public static partial void LoadFailed(this ILogger logger, int partition, long offset, ErrorCode error);

    [LoggerMessage(4, LogLevel.Warning, "Appending to __consumer_offsets-{Partition} failed with {Error}.")]
    public static partial void AppendFailed(this ILogger logger, int partition, ErrorCode error);

    [LoggerMessage(5, LogLevel.Error, "Loading the groups of __consumer_offsets-{Partition} failed; trying again.")]
    public static partial void LoadFaulted(this ILogger logger, Exception exception, int partition);

    [LoggerMessage(6, LogLevel.Error, "{Command} could not be decided on __consumer_offsets-{Partition}; it is answered with UNKNOWN_SERVER_ERROR and has changed nothing.")]
    public static partial void CommandFailed(this ILogger logger, Exception exception, int partition, string command);

    [LoggerMessage(7, LogLevel.Error, "The groups of __consumer_offsets-{Partition} are loaded again after an error; everybody who waited is sent away.")]
    public static partial void ShardFailed(this ILogger logger, Exception exception, int partition);
}
