using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// AlterPartitionReassignments 0-1: moves partitions to other registered brokers, or gives a move up; from 1 on the number of replicas can be held.
/// A move whose replicas are in sync already is over at once; others wait for brokers that fetch, which a single node has none of.
/// </summary>
[Serves(ApiKey.AlterPartitionReassignments, 0, 1, ApiListeners.Controller)]
internal sealed class AlterPartitionReassignmentsHandler : IControllerHandler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>
{
    public Decision<AlterPartitionReassignmentsResponse> Decide(AlterPartitionReassignmentsRequest request, ControllerTurn turn) =>
        turn.Access.AllowsOnCluster(AclOperation.Alter)
            ? new ReassignmentDecisions(turn.Settings, turn.Image).Alter(request)
            : Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Alter)));

    public int? TimeoutMs(AlterPartitionReassignmentsRequest request) => request.TimeoutMs;
}
