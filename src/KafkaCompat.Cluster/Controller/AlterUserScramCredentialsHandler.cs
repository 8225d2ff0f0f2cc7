using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// AlterUserScramCredentials 0: stores and deletes SCRAM credentials in the metadata log, one change a user in a request. They are Kafka's records, for the
/// day a listener asks for passwords; so far none can.
/// </summary>
[Serves(ApiKey.AlterUserScramCredentials, 0, 0, ApiListeners.Controller)]
internal sealed class AlterUserScramCredentialsHandler : IControllerHandler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse>
{
    public Decision<AlterUserScramCredentialsResponse> Decide(AlterUserScramCredentialsRequest request, ControllerTurn turn) =>
        turn.Access.AllowsOnCluster(AclOperation.Alter)
            ? new ScramDecisions(turn.Image).Alter(request)
            : Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter)));
}
