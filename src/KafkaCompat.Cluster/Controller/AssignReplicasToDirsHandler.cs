using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>AssignReplicasToDirs 0: which directory of a broker holds each of its replicas. This node's own broker sends it.</summary>
[Serves(ApiKey.AssignReplicasToDirs, 0, 0, ApiListeners.None)]
internal sealed class AssignReplicasToDirsHandler : IControllerHandler<AssignReplicasToDirsRequest, AssignReplicasToDirsResponse>
{
    public Decision<AssignReplicasToDirsResponse> Decide(AssignReplicasToDirsRequest request, ControllerTurn turn) =>
        new DirectoryDecisions(turn.Settings, turn.Image).Assign(request);
}
