using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// DeleteGroups and OffsetDelete: what an operator may take away. A group goes, with all its offsets, while it has no members. Offsets go one by one
/// also from a group of consumers that live, for topics that none of them subscribes to; where that cannot be known, for none.
/// </summary>
internal sealed class GroupDeletion(OffsetStore offsets)
{
    internal void DeleteGroup(Group? group, DeleteGroupCommand command, Ticket ticket, ShardDecision decision)
    {
        var (error, message) = group switch
        {
            null => (ErrorCode.GroupIdNotFound, null),
            ClassicGroup { State: not ClassicGroupState.Empty } or ModernGroup { HasMembers: true } => (ErrorCode.NonEmptyGroup, null),
            // Their records are not all known here, and half a group left behind would be worse than the whole.
            ModernGroup { Type: not GroupType.Consumer } =>
                (ErrorCode.InvalidRequest, $"Group {command.GroupId} is a {group.ProtocolTypeName} group, which this broker does not serve."),
            _ => (ErrorCode.None, (string?)null),
        };
        if (error == ErrorCode.None)
        {
            Invariant.Holds(group is not ClassicGroup { MemberCount: > 0 }, $"{command.GroupId}: it is to be deleted, and has members");
            foreach (var position in Positions(command.GroupId))
                decision.Write(GroupRecord.OffsetTombstone(command.GroupId, position));
            foreach (var tombstone in group is ModernGroup
                ? GroupRecord.ConsumerGroupTombstones(command.GroupId)
                : [GroupRecord.GroupTombstone(command.GroupId)])
            {
                decision.Write(tombstone);
            }
        }
        decision.Reply(ticket, command.Answer(error, message));
    }

    internal void DeleteOffsets(Group? group, DeleteOffsetsCommand command, Ticket ticket, ShardDecision decision)
    {
        var error = group switch
        {
            null or ModernGroup { Type: GroupType.Share } => ErrorCode.GroupIdNotFound,
            ClassicGroup { State: not ClassicGroupState.Empty, ProtocolType: not "consumer" } => ErrorCode.NonEmptyGroup,
            _ => ErrorCode.None,
        };
        if (error != ErrorCode.None)
        {
            decision.Reply(ticket, command.Refuse(error));
            return;
        }
        var wanted = SubscribedTopics(group!);
        var kept = Positions(command.GroupId).ToHashSet();
        var response = new OffsetDeleteResponse();
        foreach (var topic in command.Request.Topics)
        {
            var result = new OffsetDeleteResponse.OffsetDeleteResponseTopic { Name = topic.Name };
            response.Topics.Add(result);
            var isSubscribed = wanted is null || wanted.Contains(topic.Name);
            foreach (var partition in topic.Partitions)
            {
                var position = new OffsetPosition(topic.Name, partition.PartitionIndex);
                // Where there is no offset there is nothing to write, and nothing wrong either.
                if (!isSubscribed && kept.Remove(position))
                    decision.Write(GroupRecord.OffsetTombstone(command.GroupId, position));
                result.Partitions.Add(
                    new() { PartitionIndex = partition.PartitionIndex, ErrorCode = isSubscribed ? ErrorCode.GroupSubscribedToTopic : ErrorCode.None });
            }
        }
        decision.Reply(ticket, response);
    }

    /// <summary>Every partition for which the group has an offset, decided or not.</summary>
    private List<OffsetPosition> Positions(string groupId) => [.. offsets.Of(groupId).Keys.Union(offsets.Undecided(groupId))];

    /// <summary>The topics that live members use; null where that is not known, so that any may be used.</summary>
    private static HashSet<string>? SubscribedTopics(Group group) => group switch
    {
        ClassicGroup { State: ClassicGroupState.Empty } or ModernGroup { HasMembers: false } => [],
        ClassicGroup { Protocol: not null } classic => OffsetRetention.SubscribedTopics(classic),
        _ => null,
    };
}
