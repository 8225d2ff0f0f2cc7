using System.Text;
using KafkaCompat.Cluster.Machines;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// A walk over the offsets of all groups of a shard that takes away the unwanted ones, a step at a time. A step is one decision whose records need not
/// go into one batch: so no batch outgrows the log's limit, and nobody waits for a large shard's walk. The groups are those of the
/// beginning; what comes, goes or changes between two steps is seen as it is then. Where the walk stands is a draft like any other: a step is taken by a copy,
/// which takes the walk's place once the step's records are in the log.
/// </summary>
internal abstract class OffsetSweep(IEnumerable<string> groupIds, OffsetStore offsets)
{
    /// <summary>Records of one step.</summary>
    private const int MaxRecords = 500;

    /// <summary>Bytes of one step's records, but for the last: well below <c>max.message.bytes</c> of the groups' log, which is a mebibyte.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <summary>Groups and offsets that one step looks at; the shard does nothing else meanwhile.</summary>
    private const int MaxLooks = 10_000;

    /// <summary>A tombstone's bytes besides its names, or more: lengths, type, version and partition of the key, and the record around it.</summary>
    private const int TombstoneOverhead = 32;

    private readonly string[] _groupIds = [.. groupIds];
    private int _nextGroup;
    private string? _groupId;
    private OffsetPosition[] _positions = [];
    private int _next;

    private protected OffsetStore Offsets { get; } = offsets;

    /// <summary>Goes on for one decision. True when the walk is over.</summary>
    private bool Step(Now now, ShardDecision decision)
    {
        decision.IsAtomic = false;
        var looks = 0;
        var bytes = 0;
        // Tombstones of the present group in this decision: written, but not yet applied.
        var removed = 0;
        if (_groupId is not null && !Enter(_groupId))
            _groupId = null;
        while (true)
        {
            if (looks++ >= MaxLooks || decision.Records.Count >= MaxRecords || bytes >= MaxBytes)
                return false;
            if (_groupId is null)
            {
                if (_nextGroup == _groupIds.Length)
                    return true;
                var groupId = _groupIds[_nextGroup++];
                if (!Enter(groupId))
                    continue;
                _groupId = groupId;
                _positions = [.. Offsets.Of(groupId).Keys.Union(Offsets.Undecided(groupId))];
                _next = 0;
                removed = 0;
            }
            else if (_next < _positions.Length)
            {
                var position = _positions[_next++];
                if (!IsUnwanted(_groupId, position, now))
                    continue;
                decision.Write(GroupRecord.OffsetTombstone(_groupId, position));
                bytes += Encoding.UTF8.GetByteCount(_groupId) + Encoding.UTF8.GetByteCount(position.Topic) + TombstoneOverhead;
                removed++;
            }
            else
            {
                if (IsUnwanted(_groupId, Offsets.Of(_groupId).Count - removed))
                {
                    decision.Write(GroupRecord.GroupTombstone(_groupId));
                    bytes += Encoding.UTF8.GetByteCount(_groupId) + TombstoneOverhead;
                }
                _groupId = null;
            }
        }
    }

    /// <summary>The walk one step further: null where it is over then.</summary>
    internal static TSweep? Next<TSweep>(TSweep walk, Now now, ShardDecision decision)
        where TSweep : OffsetSweep
    {
        var next = (TSweep)walk.MemberwiseClone();
        return next.Step(now, decision) ? null : next;
    }

    /// <summary>The walk comes to a group, or back to it in a new step. False to pass it by.</summary>
    private protected abstract bool Enter(string groupId);

    /// <summary>Whether an offset goes, which may be gone already.</summary>
    private protected abstract bool IsUnwanted(string groupId, in OffsetPosition position, Now now);

    /// <summary>Whether the group goes, now that so many offsets are left of it.</summary>
    private protected abstract bool IsUnwanted(string groupId, int offsetsLeft);
}
