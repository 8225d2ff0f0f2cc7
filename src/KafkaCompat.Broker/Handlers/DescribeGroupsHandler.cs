using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Groups;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers;

/// <summary>
/// DescribeGroups 0-6: state, protocol and members of classic groups; their metadata only while a group is stable.
/// <list type="bullet">
/// <item>A group that does not exist, or is none of the classic protocol, is Dead: from 6 on with GROUP_ID_NOT_FOUND and Kafka's text, before
/// without an error.</item>
/// <item>From 3 on the operations a client may do, all of them while there is no authorizer; none are told with an error.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeGroups, 0, 6)]
public sealed class DescribeGroupsHandler(GroupCoordinator coordinator) : IHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    /// <summary>READ 3, DELETE 6, DESCRIBE 8, DESCRIBE_CONFIGS 10 and ALTER_CONFIGS 11: all that there is to do with a group.</summary>
    private const int AllOnGroup = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

    public async ValueTask<DescribeGroupsResponse?> Handle(DescribeGroupsRequest request, RequestContext context)
    {
        var asked = request.Groups.Select(group => coordinator.Ask<DescribeGroupsResponse.DescribedGroup>(new DescribeGroupCommand(group)).AsTask()).ToArray();
        var response = new DescribeGroupsResponse { Groups = new(asked.Length) };
        foreach (var answer in asked)
        {
            var group = await answer;
            if (context.ApiVersion < 6)
            {
                group.ErrorMessage = null;
                if (group.ErrorCode == ErrorCode.GroupIdNotFound)
                    group.ErrorCode = ErrorCode.None;
            }
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
                group.AuthorizedOperations = AllOnGroup;
            response.Groups.Add(group);
        }
        return response;
    }
}
