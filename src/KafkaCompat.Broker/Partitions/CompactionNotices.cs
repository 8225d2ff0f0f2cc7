using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Names;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Says in the log which topics have a cleanup.policy that asks for compaction, which is not served yet: once a topic, when it appears or comes to have it, and
/// again after a start. The groups' own topic is always such a one, and nobody set it.
/// </summary>
internal sealed class CompactionNotices(BrokerMetadata metadata, ILogger logger) : IMetadataListener
{
    /// <summary>Topics that were named. Whatever comes later is not named.</summary>
    public const int MaxNamed = 1_000;

    private readonly NamedOnce<Uuid> _named = new(MaxNamed);

    public ValueTask OnMetadata(MetadataStep step)
    {
        foreach (var topic in Changed(step))
        {
            if (_named.IsFull) break;
            if (InternalTopics.Contains(topic.Name)) continue;
            var config = metadata.TopicConfigOf(step.Image, topic.Name);
            if (!config.IsCompacted || !_named.Add(topic.Id, out var isLast)) continue;
            if (config.IsDeleted) PartitionLogMessages.NotCompacted(logger, topic.Name, string.Join(',', config.CleanupPolicy));
            else PartitionLogMessages.NeitherCompactedNorDeleted(logger, topic.Name, string.Join(',', config.CleanupPolicy));
            if (isLast) PartitionLogMessages.NoMoreNamed(logger, MaxNamed);
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Topics that are new or may have another policy; all where the default of all is another.</summary>
    private static IEnumerable<TopicImage> Changed(MetadataStep step)
    {
        if (step.Delta.ChangedConfigs.Any(static resource => resource.Type == ConfigResourceType.Broker)) return step.Image.Topics.Values;
        var configured = step.Delta.ChangedConfigs.Where(static resource => resource.Type == ConfigResourceType.Topic)
            .Select(resource => step.Image.FindTopic(resource.Name));
        return step.Delta.ChangedTopics.Keys.Select(step.Image.FindTopic).Concat(configured).OfType<TopicImage>().DistinctBy(static topic => topic.Id);
    }
}
