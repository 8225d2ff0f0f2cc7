using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Metadata;

/// <summary>The log messages of settings that the metadata brings.</summary>
internal static partial class DynamicBrokerConfigLogMessages
{
    [LoggerMessage(1401, LogLevel.Error, "A broker setting in the metadata is ignored: {Problem}")]
    public static partial void LeftOut(ILogger logger, string problem);
}
