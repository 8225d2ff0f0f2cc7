using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// Keeps a coordinator's shards where the partitions of its topic are led: here when this node leads
/// one, in its present epoch. Its shards hear of topics that are deleted.
/// </summary>
internal sealed class CoordinatorPartitions<TShard>(Coordinator<TShard> coordinator, PartitionTable partitions, TimerWheel wheel, int nodeId)
    : IMetadataListener
    where TShard : class, IShard
{
    /// <summary>The leader epochs in which shards run here. Touched by the metadata loop alone.</summary>
    private readonly Dictionary<int, int> _epochs = [];

    /// <summary>Partitions that this node leads and could not open; they are looked for again with each step.</summary>
    private readonly HashSet<int> _missing = [];

    private Uuid? _topicId;

    public ValueTask OnMetadata(MetadataStep step)
    {
        var deleted = step.Delta.DeletedTopics;
        if (deleted.Any(topic => topic.Name == coordinator.Topic))
        {
            foreach (var index in _epochs.Keys.ToList()) Resign(index);
        }
        if (deleted.Count > 0) coordinator.TopicsDeleted([.. deleted.Select(static topic => topic.Name)]);
        var topic = step.Image.FindTopic(coordinator.Topic);
        CountPartitions(topic);
        if (topic is null) return ValueTask.CompletedTask;
        IEnumerable<int> changed = step.Delta.ChangedTopics.TryGetValue(topic.Id, out var change) ? change.ChangedPartitions : [];
        foreach (var index in changed.Union(_missing).ToList())
        {
            _ = _missing.Remove(index);
            if (!topic.Partitions.TryGetValue(index, out var registration)) continue;
            if (_epochs.TryGetValue(index, out var epoch) && epoch == registration.LeaderEpoch && registration.Leader == nodeId) continue;
            Resign(index);
            if (registration.Leader != nodeId) continue;
            if (partitions.Find(coordinator.Topic, index) is not { } partition)
            {
                _ = _missing.Add(index);
            }
            else
            {
                _epochs[index] = registration.LeaderEpoch;
                coordinator.Lead(index, new PartitionShardLog(partition, registration.LeaderEpoch, wheel));
            }
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends everybody away who waits for a shard.</summary>
    public void Close() => coordinator.Close();

    /// <summary>
    /// The number of partitions says where a key is. As in Kafka it is taken once in a coordinator's life: were partitions that are added counted at
    /// once, keys would be looked for where they have never been written.
    /// </summary>
    private void CountPartitions(TopicImage? topic)
    {
        if (topic?.Id == _topicId) return;
        _topicId = topic?.Id;
        coordinator.PartitionCount = topic?.Partitions.Count ?? 0;
    }

    private void Resign(int index)
    {
        if (_epochs.Remove(index)) coordinator.Resign(index);
    }
}
