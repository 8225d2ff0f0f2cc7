using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>What DescribeGroups and ListGroups show of a group.</summary>
internal static class GroupDescription
{
    internal static DescribeGroupsResponse.DescribedGroup Describe(Group? group, string groupId)
    {
        if (group is not ClassicGroup classic)
        {
            return new DescribeGroupsResponse.DescribedGroup
            {
                GroupId = groupId,
                GroupState = "Dead",
                ErrorCode = ErrorCode.GroupIdNotFound,
                ErrorMessage = group is null ? $"Group {groupId} not found." : $"Group {groupId} is not a classic group.",
            };
        }
        // While a generation is being made there is no protocol to show metadata for; assignments are shown as long as the group keeps them.
        var isStable = classic.State == ClassicGroupState.Stable;
        return new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = groupId,
            GroupState = classic.StateName,
            ProtocolType = classic.ProtocolTypeName,
            ProtocolData = isStable ? classic.Protocol ?? "" : "",
            Members = [.. classic.Members.Select(member => new DescribeGroupsResponse.DescribedGroupMember
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.GroupInstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = isStable ? member.MetadataFor(classic.Protocol) : [],
                MemberAssignment = member.Assignment,
            })],
        };
    }

    internal static GroupListing List(IEnumerable<Group> groups, ListGroupsCommand command) => new(
        ErrorCode.None,
        [.. groups
            .Where(group => command.States.Count == 0 || command.States.Contains(Lower(group.StateName)))
            .Where(group => command.Types.Count == 0 || command.Types.Contains(Lower(group.Type.ToString())))
            .Select(group => new ListGroupsResponse.ListedGroup
            {
                GroupId = group.GroupId,
                ProtocolType = group.ProtocolTypeName,
                GroupState = group.StateName,
                GroupType = Lower(group.Type.ToString()),
            })]);

    /// <summary>Names of states and types are wire constants in ASCII; listings compare them without case.</summary>
#pragma warning disable CA1308 // Kafka's own spelling of a type is lower case.
    private static string Lower(string name) => name.ToLowerInvariant();
#pragma warning restore CA1308
}
