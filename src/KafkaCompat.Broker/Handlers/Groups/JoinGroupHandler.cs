using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// JoinGroup 0-9: takes part in a group of the classic protocol. The answer comes when the rebalance does.
/// <list type="bullet">
/// <item>An empty group id is INVALID_GROUP_ID, a session timeout out of bounds INVALID_SESSION_TIMEOUT.</item>
/// <item>Version 0 has one timeout for both purposes. From 4 on a dynamic member without id is given one and has to come back with it
/// (MEMBER_ID_REQUIRED). From 5 on static members. From 7 on the protocol's name is null where there is none, before it is empty.
/// From 9 on a static leader that returns may be asked to skip the assignment.</item>
/// </list>
/// A consumer group (KIP-848) without members makes way for members of the classic protocol. Left out: joining one that has members; it is
/// INCONSISTENT_GROUP_PROTOCOL, as for share and streams groups.
/// </summary>
[Serves(ApiKey.JoinGroup, 0, 9)]
public sealed class JoinGroupHandler(GroupCoordinator coordinator, Func<Guid> newGuid) : IHandler<JoinGroupRequest, JoinGroupResponse>
{
    public async ValueTask<JoinGroupResponse?> Handle(JoinGroupRequest request, RequestContext context)
    {
        var version = context.ApiVersion;
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return new JoinGroupResponse { ErrorCode = ErrorCode.GroupAuthorizationFailed, ProtocolName = version < 7 ? "" : null };
        if (version == 0)
            request.RebalanceTimeoutMs = request.SessionTimeoutMs;
        var command = new JoinGroupCommand(
            request,
            context.ClientId ?? "",
            ClientHost.Of(context.RemoteAddress),
            newGuid().ToString(),
            RequireKnownMemberId: version >= 4,
            SupportsSkippingAssignment: version >= 9);
        var asked = request.GroupId.Length == 0
            ? new ValueTask<JoinGroupResponse>((JoinGroupResponse)command.Refuse(ErrorCode.InvalidGroupId))
            : coordinator.Ask<JoinGroupResponse>(command);
        // The group waits for as long as its members say, and keeps their protocols longer still.
        if (!asked.IsCompleted) context.GiveBackMemory();
        var response = await asked;
        if (version < 7)
            response.ProtocolName ??= "";
        return response;
    }
}
