using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// Heartbeat 0-4: a member's sign of life. REBALANCE_IN_PROGRESS asks it to join again. From 3 on static members; an empty group id
/// is INVALID_GROUP_ID.
/// </summary>
[Serves(ApiKey.Heartbeat, 0, 4)]
public sealed class HeartbeatHandler(GroupCoordinator coordinator) : IHandler<HeartbeatRequest, HeartbeatResponse>
{
    public async ValueTask<HeartbeatResponse?> Handle(HeartbeatRequest request, RequestContext context) =>
        !context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId) ? new HeartbeatResponse { ErrorCode = ErrorCode.GroupAuthorizationFailed }
        : request.GroupId.Length == 0 ? new HeartbeatResponse { ErrorCode = ErrorCode.InvalidGroupId }
        : await coordinator.Ask<HeartbeatResponse>(new HeartbeatCommand(request));
}
