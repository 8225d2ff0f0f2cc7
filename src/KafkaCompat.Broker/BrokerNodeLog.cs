using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker;

/// <summary>The named events of a node.</summary>
internal static partial class BrokerNodeLog
{
    [LoggerMessage(1301, LogLevel.Error, "The node could not stop in order; the next start checks its files.")]
    public static partial void StoppedInDisorder(ILogger logger, Exception exception);
}
