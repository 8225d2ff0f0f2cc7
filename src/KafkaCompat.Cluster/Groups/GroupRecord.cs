using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// Makes the records of <c>__consumer_offsets</c>. Which version of a value is
/// written is decided here and nowhere else, as Apache Kafka 4.4 does it: group metadata in version 3; committed offsets in
/// version 1 when they carry an expiry of their own, 4 when the topic's id is known, 3 otherwise.
/// </summary>
public static class GroupRecord
{
    private const short OffsetCommitType = 1;
    private const short GroupMetadataType = 2;
    private const short ConsumerGroupMetadataType = 3;
    private const short ConsumerGroupMemberMetadataType = 5;
    private const short ConsumerGroupTargetAssignmentMetadataType = 6;
    private const short ConsumerGroupTargetAssignmentMemberType = 7;
    private const short ConsumerGroupCurrentMemberAssignmentType = 8;

    internal static ShardRecord Offset(string groupId, OffsetPosition position, CommittedOffset offset) => new(
        OffsetCommitType,
        OffsetKey(groupId, position),
        offset.ExpireTimestamp is not null ? (short)1 : offset.TopicId != Uuid.Zero ? (short)4 : (short)3,
        new OffsetCommitValue
        {
            Offset = offset.Offset,
            LeaderEpoch = offset.LeaderEpoch,
            Metadata = offset.Metadata,
            CommitTimestamp = offset.CommitTimestamp,
            ExpireTimestamp = offset.ExpireTimestamp ?? -1,
            TopicId = offset.TopicId,
        });

    internal static ShardRecord OffsetTombstone(string groupId, OffsetPosition position) =>
        new(OffsetCommitType, OffsetKey(groupId, position), 0, null);

    internal static ShardRecord Group(string groupId, GroupMetadataValue value) =>
        new(GroupMetadataType, new GroupMetadataKey { Group = groupId }, 3, value);

    internal static ShardRecord GroupTombstone(string groupId) =>
        new(GroupMetadataType, new GroupMetadataKey { Group = groupId }, 0, null);

    /// <summary>
    /// Ends a consumer group that has no members, as Kafka does before a member of the classic protocol takes its id over. Its offsets stay.
    /// </summary>
    internal static IEnumerable<ShardRecord> ConsumerGroupTombstones(string groupId) =>
    [
        new(ConsumerGroupTargetAssignmentMetadataType, new ConsumerGroupTargetAssignmentMetadataKey { GroupId = groupId }, 0, null),
        new(ConsumerGroupMetadataType, new ConsumerGroupMetadataKey { GroupId = groupId }, 0, null),
    ];

    /// <summary>Takes a member out of a consumer group, as Kafka does when its session has ended.</summary>
    internal static IEnumerable<ShardRecord> ConsumerMemberTombstones(string groupId, string memberId) =>
    [
        new(ConsumerGroupCurrentMemberAssignmentType, new ConsumerGroupCurrentMemberAssignmentKey { GroupId = groupId, MemberId = memberId }, 0, null),
        new(ConsumerGroupTargetAssignmentMemberType, new ConsumerGroupTargetAssignmentMemberKey { GroupId = groupId, MemberId = memberId }, 0, null),
        new(ConsumerGroupMemberMetadataType, new ConsumerGroupMemberMetadataKey { GroupId = groupId, MemberId = memberId }, 0, null),
    ];

    /// <summary>The epoch of a consumer group. The hash of its topics is left at none, so that whoever serves the group next computes it.</summary>
    internal static ShardRecord ConsumerGroupEpoch(string groupId, int epoch) =>
        new(ConsumerGroupMetadataType, new ConsumerGroupMetadataKey { GroupId = groupId }, 0, new ConsumerGroupMetadataValue { Epoch = epoch });

    private static OffsetCommitKey OffsetKey(string groupId, OffsetPosition position) =>
        new() { Group = groupId, Topic = position.Topic, Partition = position.Partition };
}
