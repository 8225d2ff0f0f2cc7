using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>The log messages of requests that brokers pass on.</summary>
internal static partial class EnvelopeLogMessages
{
    [LoggerMessage(1651, LogLevel.Error, "The handler of {Key} version {Version} failed, which a broker passed on for client {ClientId}.")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, ApiKey key, short version, string? clientId);
}
