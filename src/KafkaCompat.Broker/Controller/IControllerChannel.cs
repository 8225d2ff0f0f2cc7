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

    Task<UpdateFeaturesResponse> UpdateFeatures(UpdateFeaturesRequest request, short version);

    Task<UnregisterBrokerResponse> UnregisterBroker(UnregisterBrokerRequest request);

    Task<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request);

    Task<AssignReplicasToDirsResponse> AssignReplicasToDirs(AssignReplicasToDirsRequest request);
}
