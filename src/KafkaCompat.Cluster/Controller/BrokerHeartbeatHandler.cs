using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// BrokerHeartbeat 0-2: a broker lives; it is unfenced once it has caught up, fenced when it wants to be, and let go when it stops. This node's own broker
/// asks.
/// </summary>
[Serves(ApiKey.BrokerHeartbeat, 0, 2, ApiListeners.None)]
internal sealed class BrokerHeartbeatHandler : IControllerHandler<BrokerHeartbeatRequest, BrokerHeartbeatResponse>
{
    public Decision<BrokerHeartbeatResponse> Decide(BrokerHeartbeatRequest request, ControllerTurn turn) =>
        turn.Brokers.Heartbeat(request);
}
