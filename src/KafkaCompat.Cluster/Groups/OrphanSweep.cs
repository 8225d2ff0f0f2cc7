using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// Takes away the offsets of topics that are gone: deleted, or created again under the same name. An offset that knows its topic's id is held against the
/// id in the image; one that does not goes when its topic is not there, or is one of those that were reported as deleted. What was written after the walk began
/// may be of a topic that the image is too old to know, and is left alone: it was let through by a newer one. So <c>end</c> is where the log ended when the
/// image was taken.
/// </summary>
internal sealed class OrphanSweep(IEnumerable<string> groupIds, OffsetStore offsets, IEnumerable<string> deleted, MetadataImage? image, long end)
    : OffsetSweep(groupIds, offsets)
{
    internal HashSet<string> Deleted { get; } = [.. deleted];

    private protected override bool Enter(string groupId) => true;

    private protected override bool IsUnwanted(string groupId, in OffsetPosition position, Now now)
    {
        var undecided = Offsets.LastUndecided(groupId, position);
        if (undecided >= end)
            return false;
        if (Offsets.Of(groupId).TryGetValue(position, out var committed))
            return committed.RecordOffset < end && IsGone(position.Topic, committed.TopicId);
        return undecided >= 0 && IsGone(position.Topic, Uuid.Zero);
    }

    private protected override bool IsUnwanted(string groupId, int offsetsLeft) => false;

    private bool IsGone(string topic, Uuid id)
    {
        if (image is null)
            return Deleted.Contains(topic);
        return image.FindTopic(topic)?.Id is not { } today || (id == Uuid.Zero ? Deleted.Contains(topic) : id != today);
    }
}
