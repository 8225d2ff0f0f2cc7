using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>The log messages of refused requests.</summary>
internal static partial class DataRefusalLogMessages
{
    [LoggerMessage(1601, LogLevel.Information,
        "Refused {Bytes} bytes of records for topic {Topic} partition {Partition} from client {ClientId}: {Error}{Reason}.")]
    public static partial void ProduceRefused(ILogger logger, long bytes, string topic, int partition, string? clientId, ErrorCode error, string reason);

    [LoggerMessage(1602, LogLevel.Information, "More partitions of produce requests were refused since the last line about it: {Count}.")]
    public static partial void NotLogged(ILogger logger, long count);
}
