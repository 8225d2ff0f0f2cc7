using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>The log messages of the coordinator of groups.</summary>
internal static partial class GroupLogMessages
{
    [LoggerMessage(8, LogLevel.Information, "Group {Group} rebalances in generation {Generation}, members: {Members}.")]
    public static partial void Rebalances(this ILogger logger, string group, int members, int generation);

    [LoggerMessage(9, LogLevel.Information, "Group {Group} is in generation {Generation}, members: {Members}. Leader {Leader} assigns the partitions.")]
    public static partial void Generation(this ILogger logger, string group, int generation, int members, string leader);

    [LoggerMessage(10, LogLevel.Information, "Group {Group} is stable in generation {Generation}, members: {Members}.")]
    public static partial void Stable(this ILogger logger, string group, int generation, int members);

    [LoggerMessage(11, LogLevel.Information, "The last member of group {Group} left, in generation {Generation}.")]
    public static partial void Emptied(this ILogger logger, string group, int generation);
}
