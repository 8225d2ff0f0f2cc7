using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>What the group coordinator logs.</summary>
internal static partial class GroupCoordinatorEvents
{
    [LoggerMessage(1, LogLevel.Information, "Loaded the groups of __consumer_offsets-{Partition} up to offset {Offset} in {Elapsed} ms.")]
    public static partial void Loaded(this ILogger logger, int partition, long offset, long elapsed);

    [LoggerMessage(2, LogLevel.Warning, "Unreadable records in __consumer_offsets-{Partition}: {Count}. Their groups or offsets are missing.")]
    public static partial void UnreadableRecords(this ILogger logger, int partition, long count);

    [LoggerMessage(3, LogLevel.Warning, "Reading __consumer_offsets-{Partition} at offset {Offset} failed with {Error}. The node retries.")]
    public static partial void LoadFailed(this ILogger logger, int partition, long offset, ErrorCode error);

    [LoggerMessage(4, LogLevel.Warning, "Appending to __consumer_offsets-{Partition} failed with {Error}.")]
    public static partial void AppendFailed(this ILogger logger, int partition, ErrorCode error);

    [LoggerMessage(5, LogLevel.Error, "Loading the groups of __consumer_offsets-{Partition} failed. The node retries.")]
    public static partial void LoadFaulted(this ILogger logger, Exception exception, int partition);

    [LoggerMessage(6, LogLevel.Error, "{Command} failed on __consumer_offsets-{Partition} and changed nothing. It is answered with UNKNOWN_SERVER_ERROR.")]
    public static partial void CommandFailed(this ILogger logger, Exception exception, int partition, string command);

    [LoggerMessage(7, LogLevel.Error, "An error made the node load the groups of __consumer_offsets-{Partition} again. Clients whose requests waited get an error and retry.")]
    public static partial void ShardFailed(this ILogger logger, Exception exception, int partition);

    [LoggerMessage(8, LogLevel.Information, "Group {Group} rebalances in generation {Generation}, members: {Members}.")]
    public static partial void Rebalances(this ILogger logger, string group, int members, int generation);

    [LoggerMessage(9, LogLevel.Information, "Group {Group} is in generation {Generation}, members: {Members}. Leader {Leader} assigns the partitions.")]
    public static partial void Generation(this ILogger logger, string group, int generation, int members, string leader);

    [LoggerMessage(10, LogLevel.Information, "Group {Group} is stable in generation {Generation}, members: {Members}.")]
    public static partial void Stable(this ILogger logger, string group, int generation, int members);

    [LoggerMessage(11, LogLevel.Information, "The last member of group {Group} left, in generation {Generation}.")]
    public static partial void Emptied(this ILogger logger, string group, int generation);
}
