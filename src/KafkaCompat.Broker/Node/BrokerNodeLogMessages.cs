using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>The log messages of a node.</summary>
internal static partial class BrokerNodeLogMessages
{
    [LoggerMessage(1301, LogLevel.Error, "The node could not stop in order. The next start checks its files.")]
    public static partial void StoppedInDisorder(ILogger logger, Exception exception);

    [LoggerMessage(1302, LogLevel.Error, "The log directory {Directory} cannot be used, and its partitions are offline: {Reason}")]
    public static partial void DirectoryNotOpened(ILogger logger, string directory, string reason);

    [LoggerMessage(1303, LogLevel.Error, "The log directory {Directory} has failed, and its partitions are offline: {Reason}")]
    public static partial void DirectoryFailed(ILogger logger, string directory, string reason);

    [LoggerMessage(1304, LogLevel.Warning, "Settings without effect: {Settings}. Reason: {Reason}.")]
    public static partial void SetWithoutEffect(ILogger logger, string settings, string reason);

    [LoggerMessage(1305, LogLevel.Warning,
        "The controller refused the heartbeat of broker {BrokerId} with epoch {Epoch}: {Error}. If the broker was unregistered, restart it: it serves "
            + "nothing until then.")]
    public static partial void HeartbeatRefused(ILogger logger, int brokerId, long epoch, ErrorCode error);

    [LoggerMessage(1306, LogLevel.Information, "The empty log directory {Directory} was formatted for node {NodeId} of cluster {ClusterId}.")]
    public static partial void Formatted(ILogger logger, string directory, int nodeId, string clusterId);

    [LoggerMessage(1307, LogLevel.Information, "The log directory {Directory} got a new directory.id in its meta.properties. Kafka before 3.7 wrote none.")]
    public static partial void Identified(ILogger logger, string directory);

    [LoggerMessage(1308, LogLevel.Error, "The controller could not decide on a heartbeat of broker {BrokerId}. The next one follows in {Milliseconds} ms.")]
    public static partial void HeartbeatFailed(ILogger logger, Exception exception, int brokerId, long milliseconds);

    [LoggerMessage(1309, LogLevel.Information, "Node {NodeId} of the new cluster {ClusterId} keeps its files in memory.")]
    public static partial void FormattedInMemory(ILogger logger, int nodeId, string clusterId);

    [LoggerMessage(1310, LogLevel.Warning,
        "Operations that need a file are refused for lack of descriptors, appends of records too: {Reason}. " + FileShortage.Remedy
            + " Refused since the start: {Count}.")]
    public static partial void LacksDescriptors(ILogger logger, long count, string reason);

    [LoggerMessage(1311, LogLevel.Warning, "Broker {BrokerId} finds no active controller. It sends a heartbeat every {Milliseconds} ms until there is one.")]
    public static partial void WithoutController(ILogger logger, int brokerId, long milliseconds);

    [LoggerMessage(1320, LogLevel.Warning, "Topic {Topic} exists and keeps its number of partitions, {Existing}. kafkacompat.topics says {Wanted}.")]
    public static partial void InitialTopicDiffers(ILogger logger, string topic, int existing, int wanted);

    [LoggerMessage(1321, LogLevel.Error, "Topic {Topic} of kafkacompat.topics was not created: {Reason}")]
    public static partial void InitialTopicNotCreated(ILogger logger, string topic, string reason);

    [LoggerMessage(1330, LogLevel.Warning,
        "The node uses the cluster id {ClusterId} of {Directory}. CLUSTER_ID or kafkacompat.cluster.id names another one, {Given}, which only an empty "
            + "directory takes.")]
    public static partial void OtherCluster(ILogger logger, string given, string clusterId, string directory);

    [LoggerMessage(1331, LogLevel.Warning,
        "This broker does not compact logs yet, and log.cleanup.policy={Policy} asks for it. Topics keep their records until retention deletes them.")]
    public static partial void CompactsByDefault(ILogger logger, string policy);

    [LoggerMessage(1332, LogLevel.Error,
        "The stop goes on without {Work}: a disk does not answer within the {Milliseconds} ms that a stop allows. The directories on other disks are closed "
            + "in order.")]
    public static partial void DiskWorkGoesOn(ILogger logger, string work, int milliseconds);

    [LoggerMessage(1333, LogLevel.Warning,
        "An append to the log directory {Directory} has taken {Milliseconds} ms. Until appends are fast again they wait on threads of their own, away from the "
            + "directories on other disks.")]
    public static partial void AppendsAreSlow(ILogger logger, string directory, long milliseconds);

    [LoggerMessage(1334, LogLevel.Information, "Appends to the log directory {Directory} are fast again: none was slow for {Milliseconds} ms.")]
    public static partial void AppendsAreFast(ILogger logger, string directory, long milliseconds);

    [LoggerMessage(1335, LogLevel.Error, "An invariant of the node does not hold. It ends and serves nothing more.")]
    public static partial void InvariantBroken(ILogger logger, Exception exception);
}
