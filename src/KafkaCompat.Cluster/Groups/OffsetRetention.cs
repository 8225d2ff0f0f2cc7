using System.Buffers;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// Forgets what nobody has needed for <c>offsets.retention.minutes</c>. The time counts, as in Kafka:
/// for a group without members from the moment it became empty; for one that never had any from each commit;
/// for a stable consumer group from the commit of a partition whose topic no member subscribes to any more.
/// An offset with an expiry of its own goes when that passes; one with an open transaction stays. A group without members
/// that has nothing left goes with its last offset.
/// </summary>
internal sealed class OffsetRetention(GroupSettings settings, OffsetStore offsets, Dictionary<string, Group> groups) : OffsetSweep(groups.Keys, offsets)
{
    private Group? _group;
    private HashSet<string>? _subscribed;
    private bool _knowsSubscribed;

    private protected override bool Enter(string groupId)
    {
        // Its members, and so what they subscribe to, may be others than in the step before.
        _knowsSubscribed = false;
        return groups.TryGetValue(groupId, out _group);
    }

    private protected override bool IsUnwanted(string groupId, in OffsetPosition position, Now now) =>
        Offsets.Of(groupId).TryGetValue(position, out var offset) && !Offsets.IsUndecided(groupId, position)
            && IsExpired(_group!, position, offset, now.WallMs);

    private protected override bool IsUnwanted(string groupId, int offsetsLeft)
    {
        Invariant.Holds(offsetsLeft >= 0, $"{groupId}: of its offsets {-offsetsLeft} more are to be deleted than there are");
        return offsetsLeft == 0 && _group is ClassicGroup { IsEmptyForGood: true } && !Offsets.HasUndecided(groupId);
    }

    private bool IsExpired(Group group, OffsetPosition position, CommittedOffset offset, long wallMs)
    {
        if (offset.ExpireTimestamp is { } expires)
            return wallMs >= expires;
        switch (group)
        {
            case ClassicGroup { ProtocolType: null }:
                return wallMs - offset.CommitTimestamp >= settings.OffsetsRetentionMs;
            case ClassicGroup { State: ClassicGroupState.Empty } empty:
                Invariant.Holds(empty.MemberCount == 0, $"{empty.GroupId}: the offsets of {empty.MemberCount} members are to expire as those of none");
                var since = empty.StateTimestamp >= 0 ? empty.StateTimestamp : offset.CommitTimestamp;
                return wallMs - since >= settings.OffsetsRetentionMs;
            case ClassicGroup { ProtocolType: "consumer", State: ClassicGroupState.Stable } stable:
                return wallMs - offset.CommitTimestamp >= settings.OffsetsRetentionMs
                    && Subscribed(stable) is { } topics && !topics.Contains(position.Topic);
            case ModernGroup { HasMembers: false }:
                return wallMs - offset.CommitTimestamp >= settings.OffsetsRetentionMs;
            default:
                return false;
        }
    }

    private HashSet<string>? Subscribed(ClassicGroup group)
    {
        if (!_knowsSubscribed)
        {
            _subscribed = SubscribedTopics(group);
            _knowsSubscribed = true;
        }
        return _subscribed;
    }

    /// <summary>Null when a member's subscription cannot be read: then nothing is known to be unwanted.</summary>
    internal static HashSet<string>? SubscribedTopics(ClassicGroup group)
    {
        var topics = new HashSet<string>();
        foreach (var member in group.Members)
        {
            try
            {
                var reader = new WireReader(new ReadOnlySequence<byte>(member.MetadataFor(group.Protocol)));
                var version = Math.Min(reader.ReadInt16(), ConsumerProtocolSubscription.MaxVersion);
                topics.UnionWith(ConsumerProtocolSubscription.Read(ref reader, version).Topics);
            }
            catch (WireFormatException)
            {
                return null;
            }
        }
        return topics;
    }
}
