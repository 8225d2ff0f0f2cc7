using System.Net;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Dispatch;

/// <summary>The log messages of features that are not served yet.</summary>
internal static partial class UnservedFeatureLogMessages
{
    [LoggerMessage(1551, LogLevel.Warning, "Client {ClientId} at {Address} asked for {Feature}, which this broker does not serve yet. {Advice}")]
    public static partial void Asked(ILogger logger, string clientId, IPAddress address, string feature, string advice);

    [LoggerMessage(1552, LogLevel.Warning, "Clients have asked for features that this broker does not serve yet: {Count}. Further ones are not named.")]
    public static partial void NoMoreNamed(ILogger logger, int count);
}
