using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>The log messages of changes of the metadata.</summary>
internal static partial class MetadataChangeLogMessages
{
    [LoggerMessage(1501, LogLevel.Information, "Created topic {Topic}, partitions: {Partitions}{Configs}.")]
    public static partial void TopicCreated(ILogger logger, string topic, int partitions, string configs);

    [LoggerMessage(1502, LogLevel.Information, "Deleted topic {Topic}, partitions: {Partitions}.")]
    public static partial void TopicDeleted(ILogger logger, string topic, int partitions);

    [LoggerMessage(1503, LogLevel.Information, "Topic {Topic} has more partitions now: {Partitions} instead of {Before}.")]
    public static partial void PartitionsAdded(ILogger logger, string topic, int partitions, int before);

    [LoggerMessage(1504, LogLevel.Information, "Configs of {Resource} changed: {Changes}.")]
    public static partial void ConfigsChanged(ILogger logger, string resource, string changes);

    [LoggerMessage(1505, LogLevel.Information, "Quotas of {Entity} changed: {Changes}.")]
    public static partial void QuotasChanged(ILogger logger, string entity, string changes);

    [LoggerMessage(1506, LogLevel.Information, "The SCRAM credential of user {User} changed.")]
    public static partial void CredentialChanged(ILogger logger, string user);

    [LoggerMessage(1507, LogLevel.Information, "Features changed: {Changes}.")]
    public static partial void FeaturesChanged(ILogger logger, string changes);

    [LoggerMessage(1508, LogLevel.Information, "More events of the same change of the metadata: {Count}.")]
    public static partial void More(ILogger logger, int count);
}
