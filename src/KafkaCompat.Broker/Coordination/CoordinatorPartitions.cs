using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Keeps the group coordinator's shards where the partitions of <c>__consumer_offsets</c> are led: here when this node leads
/// one, in its present epoch. Topics that are deleted take their committed offsets with them.
/// </summary>
internal sealed class GroupPartitions(GroupCoordinator coordinator, PartitionTable partitions, TimerWheel wheel, int nodeId) : IMetadataListener
{
    /// <summary>The leader epochs in which shards run here. Touched by the metadata loop alone.</summary>
    private readonly Dictionary<int, int> _epochs = [];

    /// <summary>Partitions that this node leads and could not open; they are looked for again with each step.</summary>
    private readonly HashSet<int> _missing = [];

    private Uuid? _topicId;

    public ValueTask OnMetadata(MetadataStep step)
    {
        var deleted = step.Delta.DeletedTopics;
        if (deleted.Any(static topic => topic.Name == InternalTopics.Offsets))
        {
            foreach (var index in _epochs.Keys.ToList()) Resign(index);
        }
        if (deleted.Count > 0) coordinator.ForgetTopics([.. deleted.Select(static topic => topic.Name)]);
        var offsets = step.Image.FindTopic(InternalTopics.Offsets);
        CountPartitions(offsets);
        if (offsets is null) return ValueTask.CompletedTask;
        IEnumerable<int> changed = step.Delta.ChangedTopics.TryGetValue(offsets.Id, out var change) ? change.ChangedPartitions : [];
        foreach (var index in changed.Union(_missing).ToList())
        {
            _ = _missing.Remove(index);
            if (!offsets.Partitions.TryGetValue(index, out var registration)) continue;
            if (_epochs.TryGetValue(index, out var epoch) && epoch == registration.LeaderEpoch && registration.Leader == nodeId) continue;
            Resign(index);
            if (registration.Leader != nodeId) continue;
            if (partitions.Find(InternalTopics.Offsets, index) is not { } partition)
            {
                _ = _missing.Add(index);
            }
            else
            {
                _epochs[index] = registration.LeaderEpoch;
                coordinator.Lead(index, new PartitionGroupLog(partition, registration.LeaderEpoch, wheel));
            }
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends everybody away who waits for a group.</summary>
    public void Close() => coordinator.Close();

    /// <summary>
    /// The number of partitions says where a group is. As in Kafka it is taken once in a coordinator's life: were partitions that are added counted at
    /// once, groups would be looked for where they have never been written.
    /// </summary>
    private void CountPartitions(TopicImage? offsets)
    {
        if (offsets?.Id == _topicId) return;
        _topicId = offsets?.Id;
        coordinator.PartitionCount = offsets?.Partitions.Count ?? 0;
    }

    private void Resign(int index)
    {
        if (_epochs.Remove(index)) coordinator.Resign(index);
    }
}
