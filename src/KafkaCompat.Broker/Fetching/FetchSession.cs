using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Fetching;

/// <summary>
/// The partitions that one consumer fetches again and again. A fetch of the session names only what changed, and the
/// answer holds only what is news. Partitions that returned records go to the end, so that each gets its turn at the
/// byte limit. Guarded by itself: a client may have two fetches in flight, though none that we know does.
/// </summary>
internal sealed class FetchSession(int id, bool usesTopicIds)
{
    private const int BytesOfWeight = 256;

    private readonly Dictionary<FetchPartitionKey, LinkedListNode<FetchPartition>> _byKey = [];
    private readonly LinkedList<FetchPartition> _inTurn = [];

    public Lock Gate { get; } = new();

    public int Id { get; } = id;

    public bool UsesTopicIds { get; } = usesTopicIds;

    /// <summary>The epoch that the next fetch has to carry.</summary>
    public int NextEpoch { get; private set; } = 1;

    public long LastUsedMs { get; set; }

    public int Count => _inTurn.Count;

    /// <summary>What it keeps, in partitions; one with a name longer than a topic's can be counts for several.</summary>
    public int Weight { get; private set; }

    /// <summary>The part of <see cref="Weight"/> that its cache has counted; the cache's lock guards it.</summary>
    public int CountedWeight { get; set; }

    public LinkedList<FetchPartition>.Enumerator GetEnumerator() => _inTurn.GetEnumerator();

    /// <summary>After the largest int the epochs go on at 1: 0 opens a session.</summary>
    public void Advance() => NextEpoch = NextEpoch == int.MaxValue ? 1 : NextEpoch + 1;

    /// <summary>Takes over what a request changes.</summary>
    public void Update(FetchRequest request, Func<Uuid, string?> nameOf)
    {
        foreach (var topic in request.Topics)
        {
            var name = UsesTopicIds ? nameOf(topic.TopicId) : topic.Topic;
            foreach (var asked in topic.Partitions)
            {
                var key = KeyOf(topic.TopicId, topic.Topic, asked.Partition);
                if (!_byKey.TryGetValue(key, out var node))
                {
                    node = _inTurn.AddLast(new FetchPartition(topic.TopicId, name, asked.Partition));
                    _byKey.Add(key, node);
                    Weight += WeightOf(topic.Topic);
                }
                Set(node.Value, asked);
            }
        }
        foreach (var forgotten in request.ForgottenTopicsData)
        {
            foreach (var index in forgotten.Partitions)
            {
                if (!_byKey.Remove(KeyOf(forgotten.TopicId, forgotten.Topic, index), out var node)) continue;
                _inTurn.Remove(node);
                Weight -= WeightOf(forgotten.Topic);
            }
        }
    }

    /// <summary>Puts a partition at the end of the turn.</summary>
    public void MoveToEnd(FetchPartition partition)
    {
        if (!_byKey.TryGetValue(KeyOf(partition.TopicId, partition.Topic, partition.Index), out var node)) return;
        if (ReferenceEquals(node, _inTurn.Last)) return;
        _inTurn.Remove(node);
        _inTurn.AddLast(node);
    }

    public static void Set(FetchPartition partition, FetchRequest.FetchPartition asked)
    {
        partition.FetchOffset = asked.FetchOffset;
        partition.MaxBytes = asked.PartitionMaxBytes;
        partition.CurrentLeaderEpoch = asked.CurrentLeaderEpoch;
        partition.LastFetchedEpoch = asked.LastFetchedEpoch;
    }

    /// <summary>With topic ids there is no name.</summary>
    private static int WeightOf(string? name) => 1 + ((name?.Length ?? 0) / BytesOfWeight);

    private FetchPartitionKey KeyOf(Uuid topicId, string? topic, int index) =>
        UsesTopicIds ? new FetchPartitionKey(topicId, null, index) : new FetchPartitionKey(Uuid.Zero, topic, index);
}
