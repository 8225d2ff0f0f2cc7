using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Metadata;

/// <summary>
/// The metadata image that this node has applied last, and what handlers ask of it. An image never changes; a handler takes
/// <see cref="Current"/> once and answers from it.
/// </summary>
public sealed class BrokerMetadata(DynamicBrokerConfig config, string clusterId) : IMetadataListener
{
    private const string KRaftVersionFeature = "kraft.version";

    private const int NoNode = -1;

    private volatile MetadataImage _current = MetadataImage.Empty;

    public MetadataImage Current => _current;

    public string ClusterId { get; } = clusterId;

    /// <summary>The broker's settings, which the metadata may change.</summary>
    public DynamicBrokerConfig Settings => config;

    public int NodeId => config.Configured.NodeId;

    /// <summary>Whom clients take for the controller: as with Kafka a live broker that passes requests on, here this one; -1 while there is none.</summary>
    public int ControllerId => _current.Brokers.TryGetValue(NodeId, out var broker) && !broker.IsFenced ? NodeId : NoNode;

    public ValueTask OnMetadata(MetadataStep step)
    {
        Invariant.Holds(step.Image.Provenance.Offset >= _current.Provenance.Offset,
            $"Handlers answered from metadata of {_current.Provenance.Offset}, and are to answer from that of {step.Image.Provenance.Offset}");
        _current = step.Image;
        return ValueTask.CompletedTask;
    }

    public string? TopicName(Uuid id) => _current.FindTopic(id)?.Name;

    /// <summary>The brokers that a listener's clients can reach, in the order of their ids.</summary>
    public static IEnumerable<BrokerEndpoint> Endpoints(MetadataImage image, string listener, bool includeFenced)
    {
        foreach (var broker in image.Brokers.Values)
        {
            if (broker.IsFenced && !includeFenced) continue;
            foreach (var endpoint in broker.Endpoints)
            {
                if (endpoint.Name == listener) yield return new BrokerEndpoint(broker.Id, endpoint.Host, endpoint.Port, broker.Rack, broker.IsFenced);
            }
        }
    }

    /// <summary>Where a listener's clients reach a broker that is there to serve them; null where they do not.</summary>
    public BrokerEndpoint? EndpointOf(int brokerId, string listener)
    {
        foreach (var endpoint in Endpoints(_current, listener, includeFenced: false))
        {
            if (endpoint.NodeId == brokerId) return endpoint;
        }
        return null;
    }

    /// <summary>The controllers that a listener's clients can reach.</summary>
    public static IEnumerable<BrokerEndpoint> ControllerEndpoints(MetadataImage image, string listener)
    {
        foreach (var controller in image.Controllers.Values)
        {
            foreach (var endpoint in controller.Endpoints)
            {
                if (endpoint.Name == listener) yield return new BrokerEndpoint(controller.Id, endpoint.Host, endpoint.Port, null, false);
            }
        }
    }

    public static int LiveBrokers(MetadataImage image) => image.Brokers.Values.Count(static broker => broker.IsActive);

    /// <summary>A leader that cannot be reached through a listener is as good as none.</summary>
    public static ErrorCode LeaderError(MetadataImage image, PartitionRegistration partition, string listener)
    {
        if (!partition.HasLeader || !image.Brokers.TryGetValue(partition.Leader, out var leader) || leader.IsFenced) return ErrorCode.LeaderNotAvailable;
        foreach (var endpoint in leader.Endpoints)
        {
            if (endpoint.Name == listener) return ErrorCode.None;
        }
        return ErrorCode.ListenerNotFound;
    }

    public static List<int> OfflineReplicas(MetadataImage image, PartitionRegistration partition)
    {
        var offline = new List<int>();
        foreach (var replica in partition.Replicas)
        {
            if (!image.Brokers.TryGetValue(replica, out var broker) || broker.IsFenced || !broker.HasOnline(partition.DirectoryOf(replica)))
                offline.Add(replica);
        }
        return offline;
    }

    /// <summary>The settings of a topic as they hold on this node. They are made for each call.</summary>
    public TopicConfig TopicConfigOf(MetadataImage image, string topic) =>
        TopicConfig.Create(config.Of(image), image.ConfigsOf(ConfigResource.Topic(topic)));

    /// <summary>The features of the answer to ApiVersions: what this software supports and what the cluster has finalized.</summary>
    public void FillFeatures(ApiVersionsResponse response, short version)
    {
        var image = _current;
        foreach (var feature in SupportedFeatures.All)
        {
            // Up to version 3 a client cannot read a range that starts at 0.
            if (version <= 3 && feature.Min == 0) continue;
            response.SupportedFeatures.Add(new() { Name = feature.Name, MinVersion = feature.Min, MaxVersion = feature.Max });
        }
        foreach (var (name, level) in image.Features)
            response.FinalizedFeatures.Add(new() { Name = name, MaxVersionLevel = level, MinVersionLevel = level });
        // A feature at level 0 is one that is not there.
        if (KRaftVersion > 0)
            response.FinalizedFeatures.Add(new() { Name = KRaftVersionFeature, MaxVersionLevel = KRaftVersion, MinVersionLevel = KRaftVersion });
        response.FinalizedFeaturesEpoch = image.Provenance.Offset;
    }

    /// <summary>The quorum's own version, which is no record of the image.</summary>
    public short KRaftVersion { get; set; } = 1;
}
