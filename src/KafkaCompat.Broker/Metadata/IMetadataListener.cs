using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Broker.Metadata;

/// <summary>A part of the broker that follows the metadata: partitions, coordinators, configs, ACLs, quotas.</summary>
public interface IMetadataListener
{
    /// <summary>
    /// The metadata has gone on to <see cref="MetadataStep.Image"/>. The next step, and the answers that wait for this one, wait for the call's end; so it
    /// must not wait for the controller.
    /// </summary>
    ValueTask OnMetadata(MetadataStep step);
}
