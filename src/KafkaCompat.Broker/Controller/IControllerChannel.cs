using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// A broker's way to the active controller. On a combined node it ends in the controller's mailbox; in a cluster it will be
/// a connection. The answer comes when the records it depends on are committed and this node's image holds them.
/// </summary>
public interface IControllerChannel
{
    Task<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request, short version);

    Task<DeleteTopicsResponse> DeleteTopics(DeleteTopicsRequest request, short version);

    Task<CreatePartitionsResponse> CreatePartitions(CreatePartitionsRequest request);

    Task<ElectLeadersResponse> ElectLeaders(ElectLeadersRequest request);

    Task<AlterPartitionReassignmentsResponse> AlterPartitionReassignments(AlterPartitionReassignmentsRequest request);

    /// <summary>Changes single settings of a resource; null where nothing is wrong.</summary>
    Task<ConfigProblem?> AlterConfigs(ConfigResource resource, IReadOnlyList<ConfigChange> changes, bool validateOnly);

    /// <summary>Sets all settings of a resource at once; null where nothing is wrong.</summary>
    Task<ConfigProblem?> ReplaceConfigs(ConfigResource resource, IReadOnlyDictionary<string, string> configs, bool validateOnly);

    Task<UpdateFeaturesResponse> UpdateFeatures(UpdateFeaturesRequest request, short version);

    Task<UnregisterBrokerResponse> UnregisterBroker(UnregisterBrokerRequest request);

    Task<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request);

    Task<AssignReplicasToDirsResponse> AssignReplicasToDirs(AssignReplicasToDirsRequest request);
}
