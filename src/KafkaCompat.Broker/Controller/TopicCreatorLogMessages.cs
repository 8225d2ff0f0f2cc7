using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Controller;

/// <summary>The log messages of topics that are created by themselves.</summary>
internal static partial class TopicCreatorLogMessages
{
    [LoggerMessage(1541, LogLevel.Warning,
        "Topic {Topic} was not created for client {ClientId}: {Error}. {Message} The answer says only that the topic does not exist.")]
    public static partial void NotCreated(ILogger logger, string topic, string clientId, ErrorCode error, string message);
}
