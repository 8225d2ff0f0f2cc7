using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker;

/// <summary>The named events of a node.</summary>
internal static partial class BrokerNodeLog
{
    [LoggerMessage(1301, LogLevel.Error, "The node could not stop in order; the next start checks its files.")]
    public static partial void StoppedInDisorder(ILogger logger, Exception exception);

    [LoggerMessage(1302, LogLevel.Error, "The log directory {Directory} cannot be opened; its partitions are offline.")]
    public static partial void DirectoryNotOpened(ILogger logger, Exception exception, string directory);

    [LoggerMessage(1304, LogLevel.Warning, "Set, and without effect here: {Settings}, because: {Reason}.")]
    public static partial void SetWithoutEffect(ILogger logger, string settings, string reason);

    [LoggerMessage(1305, LogLevel.Warning, "The controller refuses the heartbeat of broker {BrokerId} with epoch {Epoch}: {Error}. Where the broker was unregistered it serves nothing until it is started again, which registers it.")]
    public static partial void HeartbeatRefused(ILogger logger, int brokerId, long epoch, ErrorCode error);

    [LoggerMessage(1303, LogLevel.Error, "The log directory {Directory} has failed; its partitions are offline, the others are served.")]
    public static partial void DirectoryFailed(ILogger logger, Exception exception, string directory);
}
