using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// ElectLeaders 0-2: the preferred leader, from 1 on also any live replica where there is no leader. ELECTION_NOT_NEEDED is the usual answer of a
/// single node. Of all partitions (null) only those that needed an election are listed, each topic all the same.
/// </summary>
[Serves(ApiKey.ElectLeaders, 0, 2, ApiListeners.Controller)]
internal sealed class ElectLeadersHandler : IControllerHandler<ElectLeadersRequest, ElectLeadersResponse>
{
    public Decision<ElectLeadersResponse> Decide(ElectLeadersRequest request, ControllerTurn turn)
    {
        if (!turn.Access.AllowsOnCluster(AclOperation.Alter))
        {
            return Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter)));
        }

        var decision = new ElectionDecisions(turn.Settings, turn.Image).Elect(request);
        // Version 0 has each partition's error alone.
        if (turn.Version == 0)
        {
            decision.Reply.ErrorCode = ErrorCode.None;
        }

        return decision;
    }

    public int? TimeoutMs(ElectLeadersRequest request) => request.TimeoutMs;
}
