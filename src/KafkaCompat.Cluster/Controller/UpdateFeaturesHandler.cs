using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// UpdateFeatures 0-2: raises and lowers finalized feature levels, all of a request or none; from 1 on with the kind of update, and validated only.
/// From 2 on features have no results of their own. kraft.version belongs to the quorum and is not raised here.
/// </summary>
[Serves(ApiKey.UpdateFeatures, 0, 2, ApiListeners.Controller)]
internal sealed class UpdateFeaturesHandler : IControllerHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>
{
    public Decision<UpdateFeaturesResponse> Decide(UpdateFeaturesRequest request, ControllerTurn turn) =>
        turn.Access.AllowsOnCluster(AclOperation.Alter)
            ? new FeatureDecisions(turn.Settings, turn.Image).Update(request, turn.Version)
            : Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter)));
}
