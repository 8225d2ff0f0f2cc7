using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// SyncGroup 0-5: the leader hands in the assignment, everybody takes its part. Followers wait for the leader.
/// <list type="bullet">
/// <item>From 3 on static members. From 5 on the answer has the protocol's type and name; a request that leaves one out is INCONSISTENT_GROUP_PROTOCOL,
/// before anything else of the group is looked at.</item>
/// <item>An empty group id is INVALID_GROUP_ID.</item>
/// </list>
/// </summary>
[Serves(ApiKey.SyncGroup, 0, 5)]
public sealed class SyncGroupHandler(GroupCoordinator coordinator) : IHandler<SyncGroupRequest, SyncGroupResponse>
{
    public async ValueTask<SyncGroupResponse?> Handle(SyncGroupRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return new SyncGroupResponse { ErrorCode = ErrorCode.GroupAuthorizationFailed };
        if (context.ApiVersion >= 5 && (request.ProtocolType is null || request.ProtocolName is null))
            return new SyncGroupResponse { ErrorCode = ErrorCode.InconsistentGroupProtocol };
        if (request.GroupId.Length == 0)
            return new SyncGroupResponse { ErrorCode = ErrorCode.InvalidGroupId };
        var asked = coordinator.Ask<SyncGroupResponse>(new SyncGroupCommand(request));
        if (!asked.IsCompleted) context.GiveBackMemory();
        return await asked;
    }
}
