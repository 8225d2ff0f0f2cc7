using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Groups;

/// <summary>What of a <see cref="GroupShard"/>'s next state is never written.</summary>
public abstract class GroupDraft : Draft
{
    internal abstract void InstallIn(GroupShard shard, Now now);
}

/// <summary>A group of the classic protocol as it is from then on: who waits for a rebalance, when sessions end.</summary>
public sealed class ClassicDraft(ClassicGroup group) : GroupDraft
{
    /// <summary>The decision's own copy until it is installed.</summary>
    public ClassicGroup Group { get; } = group;

    internal override void InstallIn(GroupShard shard, Now now) => shard.Install(Group);
}

/// <summary>A member gave a sign of life and changed nothing else: a heartbeat need not copy its group.</summary>
internal sealed class TouchDraft(string groupId, string memberId) : GroupDraft
{
    internal override void InstallIn(GroupShard shard, Now now) => shard.Touch(groupId, memberId, now);
}
