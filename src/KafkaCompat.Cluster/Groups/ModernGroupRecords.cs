using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol.GroupRecords;

namespace KafkaCompat.Cluster.Groups;

/// <summary>Follows the records of consumer, share and streams groups as far as listing them needs.</summary>
internal sealed class ModernGroupRecords(Dictionary<string, Group> groups)
{
    private string? _replaced;

    /// <summary>The group that the record made one of these kinds, or null if it changed no group's kind.</summary>
    internal string? Apply(in ShardRecord record)
    {
        _replaced = null;
        switch (record.Key)
        {
            case ConsumerGroupMetadataKey key:
                SetEpoch(key.GroupId, GroupType.Consumer, (record.Value as ConsumerGroupMetadataValue)?.Epoch);
                break;
            case ConsumerGroupMemberMetadataKey key:
                SetMember(key.GroupId, GroupType.Consumer, key.MemberId, record.Value is not null);
                break;
            case ConsumerGroupTargetAssignmentMetadataKey key:
                SetAssignmentEpoch(key.GroupId, GroupType.Consumer, (record.Value as ConsumerGroupTargetAssignmentMetadataValue)?.AssignmentEpoch);
                break;
            case ConsumerGroupCurrentMemberAssignmentKey key when record.Value is ConsumerGroupCurrentMemberAssignmentValue value:
                Find(key.GroupId, GroupType.Consumer)?.SetMember(key.MemberId, value.MemberEpoch, value.State);
                break;
            case StreamsGroupMetadataKey key:
                SetEpoch(key.GroupId, GroupType.Streams, (record.Value as StreamsGroupMetadataValue)?.Epoch);
                break;
            case StreamsGroupMemberMetadataKey key:
                SetMember(key.GroupId, GroupType.Streams, key.MemberId, record.Value is not null);
                break;
            case StreamsGroupTargetAssignmentMetadataKey key:
                SetAssignmentEpoch(key.GroupId, GroupType.Streams, (record.Value as StreamsGroupTargetAssignmentMetadataValue)?.AssignmentEpoch);
                break;
            case StreamsGroupCurrentMemberAssignmentKey key when record.Value is StreamsGroupCurrentMemberAssignmentValue value:
                Find(key.GroupId, GroupType.Streams)?.SetMember(key.MemberId, value.MemberEpoch, value.State);
                break;
            case ShareGroupMetadataKey key:
                SetEpoch(key.GroupId, GroupType.Share, (record.Value as ShareGroupMetadataValue)?.Epoch);
                break;
            case ShareGroupMemberMetadataKey key:
                SetMember(key.GroupId, GroupType.Share, key.MemberId, record.Value is not null);
                break;
            default:
                // Everything else of these groups stays in the log and is of no use for a listing.
                break;
        }
        return _replaced;
    }

    private ModernGroup? Find(string groupId, GroupType type) =>
        groups.GetValueOrDefault(groupId) is ModernGroup group && group.Type == type ? group : null;

    private ModernGroup FindOrAdd(string groupId, GroupType type)
    {
        if (Find(groupId, type) is { } group)
            return group;
        // It replaces the classic group that its offsets made, when compaction has moved them before its own records.
        var added = new ModernGroup(groupId, type);
        groups[groupId] = added;
        _replaced = groupId;
        return added;
    }

    private void SetEpoch(string groupId, GroupType type, int? epoch)
    {
        if (epoch is { } value)
            FindOrAdd(groupId, type).Epoch = value;
        else if (Find(groupId, type) is not null)
            _ = groups.Remove(groupId);
    }

    private void SetAssignmentEpoch(string groupId, GroupType type, int? epoch)
    {
        if (epoch is { } value)
            FindOrAdd(groupId, type).AssignmentEpoch = value;
    }

    private void SetMember(string groupId, GroupType type, string memberId, bool isPresent)
    {
        if (isPresent)
            FindOrAdd(groupId, type).AddMember(memberId);
        else
            Find(groupId, type)?.RemoveMember(memberId);
    }
}
