using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Groups;

/// <summary>How far the walk over expired offsets has come, if one is under way, and when the next one begins.</summary>
internal sealed class RetentionDraft(OffsetRetention? walk, long nextCheck) : GroupDraft
{
    internal override void InstallIn(GroupShard shard, Now now) => shard.GoOn(walk, nextCheck);
}

/// <summary>How far the walk over the offsets of deleted topics has come; null where it is over.</summary>
internal sealed class OrphanDraft(OrphanSweep? walk) : GroupDraft
{
    internal override void InstallIn(GroupShard shard, Now now) => shard.GoOn(walk);
}

/// <summary>When the sessions of members end that were loaded and whose protocol is not served.</summary>
internal sealed class LoadedExpiryDraft(long next) : GroupDraft
{
    internal override void InstallIn(GroupShard shard, Now now) => shard.ExpireLoadedAt(next);
}
