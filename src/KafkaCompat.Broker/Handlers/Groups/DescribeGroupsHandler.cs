using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// DescribeGroups 0-6: state, protocol and members of classic groups; their metadata only while a group is stable.
/// <list type="bullet">
/// <item>A group that does not exist, or is none of the classic protocol, is Dead: from 6 on with GROUP_ID_NOT_FOUND and Kafka's text, before
/// without an error.</item>
/// <item>From 3 on the operations a client may do, all of them where the listener has no rules; an error has none.</item>
/// <item>Groups for which the answer has no room are INVALID_REQUEST: <see cref="AnswerRoom"/>.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeGroups, 0, 6)]
public sealed class DescribeGroupsHandler(GroupCoordinator coordinator) : IHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    public async ValueTask<DescribeGroupsResponse?> Handle(DescribeGroupsRequest request, RequestContext context)
    {
        var response = new DescribeGroupsResponse { Groups = new(request.Groups.Count) };
        var room = new AnswerRoom();
        // One after another, so that no more is described than the answer has room for.
        foreach (var groupId in request.Groups)
        {
            if (!context.Access.AllowsOnGroup(AclOperation.Describe, groupId))
            {
                response.Groups.Add(new() { GroupId = groupId, ErrorCode = ErrorCode.GroupAuthorizationFailed });
                continue;
            }
            if (room.IsFull)
            {
                response.Groups.Add(NoRoom(groupId, context.ApiVersion));
                continue;
            }
            var group = await coordinator.Ask<DescribeGroupsResponse.DescribedGroup>(new DescribeGroupCommand(groupId));
            if (context.ApiVersion < 6)
            {
                group.ErrorMessage = null;
                if (group.ErrorCode == ErrorCode.GroupIdNotFound)
                    group.ErrorCode = ErrorCode.None;
            }
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
                group.AuthorizedOperations = context.Access.OperationsOnGroup(groupId);
            response.Groups.Add(room.Fits(group.GetSize(context.ApiVersion)) ? group : NoRoom(groupId, context.ApiVersion));
        }
        return response;
    }

    private static DescribeGroupsResponse.DescribedGroup NoRoom(string groupId, short version) =>
        new() { GroupId = groupId, ErrorCode = ErrorCode.InvalidRequest, ErrorMessage = version < 6 ? null : AnswerRoom.Refusal };
}
