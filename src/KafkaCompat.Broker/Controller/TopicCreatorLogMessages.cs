using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Controller;

/// <summary>The log messages of topics that are created by themselves.</summary>
internal static partial class TopicCreatorLogMessages
{
    [LoggerMessage(1541, LogLevel.Warning,
        "Topic {Topic} was not created for client {ClientId}: {Error}. {Message} The answer says only that the topic does not exist.")]
    public static partial void NotCreatedForClient(ILogger logger, string topic, string clientId, ErrorCode error, string message);

    [LoggerMessage(1542, LogLevel.Warning, "Topic {Topic}, which a coordinator needs, was not created: {Error}. {Message}")]
    public static partial void NotCreated(ILogger logger, string topic, ErrorCode error, string message);

    [LoggerMessage(1543, LogLevel.Warning, "Topics that were not created for clients are not logged any more. Logged until now: {Count}.")]
    public static partial void NoMoreLogged(ILogger logger, int count);
}
