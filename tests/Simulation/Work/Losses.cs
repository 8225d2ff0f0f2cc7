using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol.Names;
using KafkaCompat.Simulation.Engine;

namespace KafkaCompat.Simulation.Work;

/// <summary>
/// Knows what is lawfully lost by damage, to the record: a start has cut a log at a damaged batch, and what stood behind it is gone. Whoever remembers any of
/// that is told; nobody else is excused.
/// </summary>
internal sealed class Losses
{
    private readonly World _world;
    private readonly Topics _topics;

    public Losses(World world, Topics topics)
    {
        (_world, _topics) = (world, topics);
        world.Node.Ledger.CutAtDamage += OnCut;
        world.Node.Ledger.Dropped += OnDropped;
    }

    /// <summary>Hears of commits that are lost, with what is committed instead: null where nothing is.</summary>
    public event Action<CommitKey, long?>? CommitLost;

    /// <summary>Hears that all groups are forgotten.</summary>
    public event Action? GroupsLost;

    /// <summary>How often metadata was lost.</summary>
    public int Metadata { get; private set; }

    private void OnCut(LogCutAtDamage cut)
    {
        var partition = cut.Flip.Partition;
        _world.Trace.Add($"cut at damage {partition} {cut.Flip.FromOffset}");
        if (partition.StartsWith(InternalTopics.ClusterMetadata, StringComparison.Ordinal))
        {
            OnMetadataCut(cut);
        }
        else if (partition.StartsWith(InternalTopics.Offsets, StringComparison.Ordinal))
        {
            OnCommitsCut(cut);
        }
        else
        {
            _topics.Partition(partition)?.CutTo(cut.Flip.FromOffset);
        }
    }

    private void OnMetadataCut(LogCutAtDamage cut)
    {
        Metadata++;
        var snapshotEnd = _world.Node.Names(Path.GetDirectoryName(cut.Flip.Path)!)
            .Select(static name => SnapshotId.TryParse(name, out var id) ? id.EndOffset : 0).Max();
        var lost = LostMetadata.Of(cut, snapshotEnd > cut.Flip.FromOffset ? snapshotEnd : 0);
        _world.Trace.Add($"lost metadata of {string.Join(',', lost.Topics.Order(StringComparer.Ordinal))}, producers from {lost.FirstProducerId} on");
        _world.OnProducersLost(lost.FirstProducerId);
        _topics.OnLost(lost.Topics);
        if (lost.HasGroups)
        {
            GroupsLost?.Invoke();
        }
    }

    private void OnCommitsCut(LogCutAtDamage cut)
    {
        var left = CommittedOffsets.Last(_world.Node.LogsBefore(cut.Flip));
        var deleted = new HashSet<CommitKey>();
        foreach (var key in CommittedOffsets.Last(cut.Lost, deleted).Keys)
        {
            // What is left of a topic that was deleted behind the cut is none of the present one.
            CommitLost?.Invoke(key, deleted.Contains(key) ? null : left.GetValueOrDefault(key));
        }
    }

    private void OnDropped(DroppedSegment segment)
    {
        if (_topics.Topic(segment.Partition) is { } topic)
        {
            var partition = topic.Partitions.First(partition => partition.Name == segment.Partition);
            _world.Check(topic.Dropped(partition, segment, _world.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
        }
        else if (segment.Partition.StartsWith(InternalTopics.ClusterMetadata, StringComparison.Ordinal))
        {
            var end = StoredLogs.Batches(segment.Bytes) is { Count: > 0 } batches ? batches[^1].Header.NextOffset : 0;
            var isHeld = _world.Node.Names(segment.Folder).Any(name => SnapshotId.TryParse(name, out var id) && id.EndOffset >= end);
            // A cut at a damaged batch is followed by a new beginning at the newest snapshot's end.
            _world.Check(isHeld || _world.Node.State == NodeState.Starting ? null : $"metadata before {end} is deleted, and no snapshot holds it");
        }
        else if (segment.Partition.StartsWith(InternalTopics.Offsets, StringComparison.Ordinal))
        {
            _world.Violation($"a segment of {segment.Partition} was deleted");
        }
    }
}
