using System.Collections.Concurrent;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// The partitions that this node holds a replica of. The metadata publisher adds and removes them; handlers look them up.
/// </summary>
public sealed class PartitionTable
{
    private readonly ConcurrentDictionary<TopicPartition, Partition> _partitions = new();

    /// <summary>Held while partitions come and go.</summary>
    private readonly Lock _changes = new();

    private bool _waitsAreOver;

    /// <summary>All of them in order; null where that is to be made again.</summary>
    private volatile Partition[]? _all;

    /// <summary>The same by the health of their log's directory; null where that is to be made again.</summary>
    private volatile ILookup<DirectoryHealth, Partition>? _byDirectory;

    /// <summary>By topic and number.</summary>
    public IReadOnlyList<Partition> All
    {
        get
        {
            if (_all is { } all) return all;
            lock (_changes)
                return _all = [.. _partitions.ToArray().OrderBy(static entry => entry.Key, TopicPartition.Order).Select(static entry => entry.Value)];
        }
    }

    /// <summary>Those whose log lies in a directory, by topic and number.</summary>
    public IEnumerable<Partition> In(DirectoryHealth directory)
    {
        if (_byDirectory is { } known) return known[directory];
        lock (_changes) return (_byDirectory = All.ToLookup(static partition => partition.Log.Health))[directory];
    }

    public int Count => _partitions.Count;

    /// <summary>Partitions that the image places on this node but whose log cannot be used, and why: KAFKA_STORAGE_ERROR.</summary>
    public ConcurrentDictionary<TopicPartition, OfflinePartition> Offline { get; } = new();

    /// <summary>Whether the cluster knows a partition, wherever it is. Set by the publisher.</summary>
    public Func<string, int, bool> IsKnown { get; set; } = static (_, _) => false;

    public Partition? Find(string topic, int index) => _partitions.GetValueOrDefault(new TopicPartition(topic, index));

    /// <summary>What to say of a partition that <see cref="Find"/> does not find.</summary>
    public ErrorCode MissingError(string topic, int index)
    {
        if (Offline.ContainsKey(new TopicPartition(topic, index))) return ErrorCode.KafkaStorageError;
        return IsKnown(topic, index) ? ErrorCode.NotLeaderOrFollower : ErrorCode.UnknownTopicOrPartition;
    }

    /// <summary>The node stops: no fetch waits any more, at none of them nor at any that comes.</summary>
    internal void EndWaits()
    {
        lock (_changes)
        {
            _waitsAreOver = true;
            foreach (var partition in All) partition.FetchWaits.End();
        }
    }

    internal void Add(Partition partition)
    {
        lock (_changes)
        {
            if (_waitsAreOver) partition.FetchWaits.End();
            _partitions[new TopicPartition(partition.Topic, partition.Index)] = partition;
            (_all, _byDirectory) = (null, null);
        }
    }

    /// <summary>Takes a partition out, unless another has its name by now.</summary>
    internal void Remove(Partition partition)
    {
        lock (_changes)
        {
            if (_partitions.TryRemove(new(new TopicPartition(partition.Topic, partition.Index), partition))) (_all, _byDirectory) = (null, null);
        }
    }

    internal Partition? Remove(string topic, int index)
    {
        lock (_changes)
        {
            if (!_partitions.TryRemove(new TopicPartition(topic, index), out var removed)) return null;
            (_all, _byDirectory) = (null, null);
            return removed;
        }
    }
}
