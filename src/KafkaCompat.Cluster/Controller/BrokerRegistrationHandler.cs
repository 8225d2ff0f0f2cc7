using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>BrokerRegistration 0-4: an incarnation of a broker begins, fenced. This node's own broker asks.</summary>
[Serves(ApiKey.BrokerRegistration, 0, 4, ApiListeners.None)]
internal sealed class BrokerRegistrationHandler : IControllerHandler<BrokerRegistrationRequest, BrokerRegistrationResponse>
{
    public Decision<BrokerRegistrationResponse> Decide(BrokerRegistrationRequest request, ControllerTurn turn) =>
        turn.Brokers.Register(request, turn.NextOffset, turn.Now);
}
