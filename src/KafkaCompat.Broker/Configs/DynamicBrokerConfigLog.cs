using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Configs;

/// <summary>What is logged of settings that the metadata brings.</summary>
internal static partial class DynamicBrokerConfigLog
{
    [LoggerMessage(1401, LogLevel.Error, "A broker setting of the metadata is left out: {Problem}")]
    public static partial void LeftOut(ILogger logger, string problem);

    [LoggerMessage(1402, LogLevel.Information, "Broker settings have changed; the metadata sets {Names}.")]
    public static partial void Changed(ILogger logger, string names);
}
