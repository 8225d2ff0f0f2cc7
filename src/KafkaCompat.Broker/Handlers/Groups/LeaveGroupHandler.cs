using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// LeaveGroup 0-5: up to 2 one member leaves, from 3 on a list of them, by member id or as static members by instance id.
/// <list type="bullet">
/// <item>Up to 2 the member's error is the answer's; from 3 on each member has its own.</item>
/// <item>An empty group id is INVALID_GROUP_ID.</item>
/// </list>
/// </summary>
[Serves(ApiKey.LeaveGroup, 0, 5)]
public sealed class LeaveGroupHandler(GroupCoordinator coordinator) : IHandler<LeaveGroupRequest, LeaveGroupResponse>
{
    public async ValueTask<LeaveGroupResponse?> Handle(LeaveGroupRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return new LeaveGroupResponse { ErrorCode = ErrorCode.GroupAuthorizationFailed };
        if (request.GroupId.Length == 0)
            return new LeaveGroupResponse { ErrorCode = ErrorCode.InvalidGroupId };
        if (context.ApiVersion >= 3)
            return await coordinator.Ask<LeaveGroupResponse>(new LeaveGroupCommand(request));
        request.Members = [new() { MemberId = request.MemberId }];
        var response = await coordinator.Ask<LeaveGroupResponse>(new LeaveGroupCommand(request));
        if (response.ErrorCode == ErrorCode.None && response.Members.Count == 1)
            response.ErrorCode = response.Members[0].ErrorCode;
        response.Members = [];
        return response;
    }
}
