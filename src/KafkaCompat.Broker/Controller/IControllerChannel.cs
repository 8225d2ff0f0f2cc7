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

    Task<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request);
}
