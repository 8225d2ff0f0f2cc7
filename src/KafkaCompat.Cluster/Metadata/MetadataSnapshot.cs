using KafkaCompat.Protocol;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Metadata;

/// <summary>An image as the records that lead to it from nothing, in the order in which Kafka writes them: the metadata version first.</summary>
public static class MetadataSnapshot
{
    public static IEnumerable<VersionedRecord> Records(MetadataImage image)
    {
        var version = image.MetadataVersion;
        if (image.MetadataLevel > 0)
        {
            yield return new(new FeatureLevelRecord { Name = FeatureNames.MetadataVersion, FeatureLevel = image.MetadataLevel }, 0);
        }

        foreach (var (name, level) in image.Features)
        {
            if (name != FeatureNames.MetadataVersion)
            {
                yield return new(new FeatureLevelRecord { Name = name, FeatureLevel = level }, 0);
            }
        }

        foreach (var broker in image.Brokers.Values)
        {
            yield return new(broker.ToRecord(version.RegisterBrokerRecordVersion), version.RegisterBrokerRecordVersion);
        }

        foreach (var controller in image.Controllers.Values)
        {
            yield return new(controller.ToRecord(), 0);
        }

        foreach (var topic in image.Topics.Values)
        {
            yield return new(new TopicRecord { Name = topic.Name, TopicId = topic.Id }, 0);
            foreach (var (index, partition) in topic.Partitions)
            {
                yield return new(partition.ToRecord(topic.Id, index, version.PartitionRecordVersion), version.PartitionRecordVersion);
            }
        }

        foreach (var resource in image.Configs.Keys.InOrder())
        {
            foreach (var (name, value) in image.Configs[resource])
            {
                yield return new(new ConfigRecord { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Name = name, Value = value }, 0);
            }
        }

        foreach (var entity in image.ClientQuotas.Keys.InOrder())
        {
            foreach (var (key, value) in image.ClientQuotas[entity])
            {
                yield return new(entity.ToRecord(key, value), 0);
            }
        }

        if (image.NextProducerId >= 0)
        {
            yield return new(new ProducerIdsRecord { BrokerId = -1, BrokerEpoch = -1, NextProducerId = image.NextProducerId }, 0);
        }

        foreach (var acl in image.Acls.Values.OrderBy(static acl => acl.Id))
        {
            yield return new(acl, 0);
        }

        foreach (var credential in image.ScramCredentials.Keys.InOrder())
        {
            yield return new(image.ScramCredentials[credential], 0);
        }

        foreach (var token in image.DelegationTokens.Values)
        {
            yield return new(token, 0);
        }
    }
}
