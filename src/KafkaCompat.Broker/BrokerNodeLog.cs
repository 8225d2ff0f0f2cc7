using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker;

/// <summary>The named events of a node.</summary>
internal static partial class BrokerNodeLog
{
    [LoggerMessage(1301, LogLevel.Error, "The node could not stop in order; the next start checks its files.")]
    public static partial void StoppedInDisorder(ILogger logger, Exception exception);

    [LoggerMessage(1302, LogLevel.Error, "The log directory {Directory} cannot be used, and its partitions are offline: {Reason}")]
    public static partial void DirectoryNotOpened(ILogger logger, string directory, string reason);

    [LoggerMessage(1306, LogLevel.Information, "The empty log directory {Directory} was formatted for node {NodeId} of cluster {ClusterId}.")]
    public static partial void Formatted(ILogger logger, string directory, int nodeId, string clusterId);

    [LoggerMessage(1307, LogLevel.Information, "The log directory {Directory} had no directory.id, as Kafka before 3.7 left it; one was made up and written to its meta.properties.")]
    public static partial void Identified(ILogger logger, string directory);

    [LoggerMessage(1304, LogLevel.Warning, "Set, and without effect here: {Settings}, because: {Reason}.")]
    public static partial void SetWithoutEffect(ILogger logger, string settings, string reason);

    [LoggerMessage(1305, LogLevel.Warning, "The controller refused the heartbeat of broker {BrokerId} with epoch {Epoch}: {Error}. A broker that was unregistered serves nothing until it is started again.")]
    public static partial void HeartbeatRefused(ILogger logger, int brokerId, long epoch, ErrorCode error);

    [LoggerMessage(1308, LogLevel.Error, "The controller could not decide on a heartbeat of broker {BrokerId}. The next one follows in {Milliseconds} ms.")]
    public static partial void HeartbeatFailed(ILogger logger, Exception exception, int brokerId, long milliseconds);

    [LoggerMessage(1303, LogLevel.Error, "The log directory {Directory} has failed; its partitions are offline, the others are served: {Reason}")]
    public static partial void DirectoryFailed(ILogger logger, string directory, string reason);

    [LoggerMessage(1330, LogLevel.Warning, "The cluster id {Given} of CLUSTER_ID or kafkacompat.cluster.id is not used: {Directory} belongs to the cluster {ClusterId}, and a formatted directory keeps its own.")]
    public static partial void OtherCluster(ILogger logger, string given, string clusterId, string directory);

    [LoggerMessage(1331, LogLevel.Warning, "log.cleanup.policy={Policy} asks for compaction, and this broker does not compact yet: topics keep their records until retention deletes them, and without retention for ever.")]
    public static partial void CompactsByDefault(ILogger logger, string policy);

    [LoggerMessage(1320, LogLevel.Warning, "Topic {Topic} exists with {Existing} partitions, kafkacompat.topics says {Wanted}; the topic stays as it is.")]
    public static partial void InitialTopicDiffers(ILogger logger, string topic, int existing, int wanted);

    [LoggerMessage(1321, LogLevel.Error, "Topic {Topic} of kafkacompat.topics was not created: {Error}. {Message}")]
    public static partial void InitialTopicNotCreated(ILogger logger, string topic, ErrorCode error, string message);
}
