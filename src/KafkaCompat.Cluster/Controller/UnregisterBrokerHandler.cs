using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// UnregisterBroker 0: takes a broker out of the cluster's metadata. A running broker of that id is refused by the controller until it restarts.
/// </summary>
[Serves(ApiKey.UnregisterBroker, 0, 0, ApiListeners.Controller)]
internal sealed class UnregisterBrokerHandler : IControllerHandler<UnregisterBrokerRequest, UnregisterBrokerResponse>
{
    public Decision<UnregisterBrokerResponse> Decide(UnregisterBrokerRequest request, ControllerTurn turn) =>
        turn.Access.AllowsOnCluster(AclOperation.Alter)
            ? turn.Brokers.Unregister(request)
            : Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter)));
}
