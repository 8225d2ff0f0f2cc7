using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// ListGroups 0-5: the groups that this node coordinates, of every protocol. From 4 on filtered by state, from 5 on by type too; both
/// without regard to case, and a name that means nothing matches nothing. Who may not describe the cluster sees the groups that he may describe.
/// </summary>
[Serves(ApiKey.ListGroups, 0, 5)]
public sealed class ListGroupsHandler(GroupCoordinator coordinator) : IHandler<ListGroupsRequest, ListGroupsResponse>
{
    public async ValueTask<ListGroupsResponse?> Handle(ListGroupsRequest request, RequestContext context)
    {
        var states = new HashSet<string>(request.StatesFilter, StringComparer.OrdinalIgnoreCase);
        var types = new HashSet<string>(request.TypesFilter, StringComparer.OrdinalIgnoreCase);
        var listing = await coordinator.List(new ListGroupsCommand(states, types));
        var seesAll = context.Access.AllowsOnCluster(AclOperation.Describe);
        return new ListGroupsResponse
        {
            ErrorCode = listing.Error,
            Groups = [.. listing.Groups.Where(group => seesAll || context.Access.AllowsOnGroup(AclOperation.Describe, group.GroupId))],
        };
    }
}
