using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// DescribeGroups 0-6: state, protocol and members of classic groups; their metadata only while a group is stable.
/// <list type="bullet">
/// <item>A group that does not exist, or is none of the classic protocol, is Dead: from 6 on with GROUP_ID_NOT_FOUND and Kafka's text, before
/// without an error.</item>
/// <item>From 3 on the operations a client may do, all of them while there is no authorizer; none are told with an error.</item>
/// <item>Groups for which the answer has no room are INVALID_REQUEST: <see cref="AnswerRoom"/>.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeGroups, 0, 6)]
public sealed class DescribeGroupsHandler(GroupCoordinator coordinator) : IHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    /// <summary>READ 3, DELETE 6, DESCRIBE 8, DESCRIBE_CONFIGS 10 and ALTER_CONFIGS 11: all that there is to do with a group.</summary>
    private const int AllOnGroup = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

    public async ValueTask<DescribeGroupsResponse?> Handle(DescribeGroupsRequest request, RequestContext context)
    {
        var response = new DescribeGroupsResponse { Groups = new(request.Groups.Count) };
        var room = new AnswerRoom();
        // One after another, so that no more is described than the answer has room for.
        foreach (var groupId in request.Groups)
        {
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
                group.AuthorizedOperations = AllOnGroup;
            response.Groups.Add(room.Fits(group.GetSize(context.ApiVersion)) ? group : NoRoom(groupId, context.ApiVersion));
        }
        return response;
    }

    private static DescribeGroupsResponse.DescribedGroup NoRoom(string groupId, short version) =>
        new() { GroupId = groupId, ErrorCode = ErrorCode.InvalidRequest, ErrorMessage = version < 6 ? null : AnswerRoom.Refusal };
}
