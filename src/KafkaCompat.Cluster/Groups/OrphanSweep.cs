using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// Takes away the offsets of topics that are gone: deleted, or made anew under the same name. An offset that knows its topic's id is held against the
/// id of today; one that does not goes when its topic is not there, or is one of those that were reported as deleted.
/// </summary>
internal sealed class OrphanSweep(IEnumerable<string> groupIds, OffsetStore offsets, IEnumerable<string> deleted, Func<string, Uuid?>? topicIds)
    : OffsetSweep(groupIds, offsets)
{
    internal HashSet<string> Deleted { get; } = [.. deleted];

    private protected override bool Enter(string groupId) => true;

    private protected override bool IsUnwanted(string groupId, in OffsetPosition position, Now now)
    {
        if (Offsets.Of(groupId).TryGetValue(position, out var committed))
            return IsGone(position.Topic, committed.TopicId);
        return Offsets.IsUndecided(groupId, position) && IsGone(position.Topic, Uuid.Zero);
    }

    private protected override bool IsUnwanted(string groupId, int offsetsLeft) => false;

    private bool IsGone(string topic, Uuid id)
    {
        if (topicIds is null)
            return Deleted.Contains(topic);
        return topicIds(topic) is not { } today || (id == Uuid.Zero ? Deleted.Contains(topic) : id != today);
    }
}
