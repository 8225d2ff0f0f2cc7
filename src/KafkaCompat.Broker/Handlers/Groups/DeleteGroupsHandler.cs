using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// DeleteGroups 0-3: removes groups without members, their offsets included; from 3 on with a message. A group that has members is NON_EMPTY_GROUP,
/// one that does not exist GROUP_ID_NOT_FOUND. A group named twice is answered once.
/// </summary>
[Serves(ApiKey.DeleteGroups, 0, 3)]
public sealed class DeleteGroupsHandler(GroupCoordinator coordinator) : IHandler<DeleteGroupsRequest, DeleteGroupsResponse>
{
    public async ValueTask<DeleteGroupsResponse?> Handle(DeleteGroupsRequest request, RequestContext context)
    {
        var asked = request.GroupsNames.Distinct().Select(group => Delete(group, context.Access)).ToArray();
        return new DeleteGroupsResponse { Results = [.. await Task.WhenAll(asked)] };
    }

    private Task<DeleteGroupsResponse.DeletableGroupResult> Delete(string group, Access access) => access.AllowsOnGroup(AclOperation.Delete, group)
        ? coordinator.Ask<DeleteGroupsResponse.DeletableGroupResult>(new DeleteGroupCommand(group)).AsTask()
        : Task.FromResult(new DeleteGroupsResponse.DeletableGroupResult { GroupId = group, ErrorCode = ErrorCode.GroupAuthorizationFailed });
}
