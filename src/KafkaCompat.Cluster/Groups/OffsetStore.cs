using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// The committed offsets of a shard's groups, and those that open transactions have written but not decided. Changed by records only.
///
/// An undecided offset is invisible until its transaction's marker: a commit makes it the group's offset unless the log holds a later
/// one for the same partition; an abort drops it. Invariant: no empty inner dictionaries.
/// </summary>
internal sealed class OffsetStore
{
    private readonly Dictionary<string, Dictionary<OffsetPosition, CommittedOffset>> _committed = [];
    private readonly Dictionary<long, Dictionary<(string GroupId, OffsetPosition Position), CommittedOffset>> _undecided = [];

    internal IReadOnlyDictionary<OffsetPosition, CommittedOffset> Of(string groupId) =>
        _committed.GetValueOrDefault(groupId) ?? Nothing;

    /// <summary>Committed offsets of all groups.</summary>
    internal int Count => _committed.Values.Sum(static offsets => offsets.Count);

    internal bool HasAny(string groupId) => _committed.ContainsKey(groupId) || HasUndecided(groupId);

    internal bool HasUndecided(string groupId) =>
        _undecided.Count > 0 && _undecided.Values.Any(offsets => offsets.Keys.Any(key => key.GroupId == groupId));

    internal bool IsUndecided(string groupId, OffsetPosition position) =>
        _undecided.Count > 0 && _undecided.Values.Any(offsets => offsets.ContainsKey((groupId, position)));

    /// <summary>Where the last record stands that an open transaction has written for it; -1 where there is none.</summary>
    internal long LastUndecided(string groupId, OffsetPosition position)
    {
        var last = -1L;
        foreach (var offsets in _undecided.Values)
        {
            if (offsets.TryGetValue((groupId, position), out var offset))
                last = Math.Max(last, offset.RecordOffset);
        }
        return last;
    }

    internal IEnumerable<OffsetPosition> Undecided(string groupId) =>
        _undecided.Values.SelectMany(offsets => offsets.Keys).Where(key => key.GroupId == groupId).Select(key => key.Position);

    internal void Set(string groupId, OffsetPosition position, CommittedOffset offset)
    {
        if (!_committed.TryGetValue(groupId, out var offsets))
            _committed[groupId] = offsets = [];
        offsets[position] = offset;
    }

    internal void Remove(string groupId, OffsetPosition position)
    {
        if (_committed.TryGetValue(groupId, out var offsets) && offsets.Remove(position) && offsets.Count == 0)
            _ = _committed.Remove(groupId);
        foreach (var (producerId, undecided) in _undecided)
        {
            if (undecided.Remove((groupId, position)) && undecided.Count == 0)
                _ = _undecided.Remove(producerId);
        }
    }

    internal void SetUndecided(long producerId, string groupId, OffsetPosition position, CommittedOffset offset)
    {
        if (!_undecided.TryGetValue(producerId, out var offsets))
            _undecided[producerId] = offsets = [];
        offsets[(groupId, position)] = offset;
    }

    internal void Decide(long producerId, bool isCommit)
    {
        if (!_undecided.Remove(producerId, out var offsets) || !isCommit)
            return;
        Invariant.Holds(offsets.Count > 0, $"Producer {producerId} has an open transaction without offsets");
        foreach (var ((groupId, position), offset) in offsets)
        {
            if (!Of(groupId).TryGetValue(position, out var existing) || existing.RecordOffset < offset.RecordOffset)
                Set(groupId, position, offset);
            Invariant.Holds(Of(groupId)[position].RecordOffset >= offset.RecordOffset,
                $"{groupId}: the offset of record {offset.RecordOffset} was committed and is not kept");
        }
    }

    private static readonly Dictionary<OffsetPosition, CommittedOffset> Nothing = [];
}
