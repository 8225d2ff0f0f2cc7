using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>AllocateProducerIds 0: the next block of producer ids, for a broker that is registered. This node's own broker asks.</summary>
[Serves(ApiKey.AllocateProducerIds, 0, 0, ApiListeners.None)]
internal sealed class AllocateProducerIdsHandler : IControllerHandler<AllocateProducerIdsRequest, AllocateProducerIdsResponse>
{
    public Decision<AllocateProducerIdsResponse> Decide(AllocateProducerIdsRequest request, ControllerTurn turn) =>
        turn.Brokers.AllocateProducerIds(request);
}
