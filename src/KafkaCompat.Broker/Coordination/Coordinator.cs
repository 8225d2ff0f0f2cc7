using System.Collections.Concurrent;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// This node's part of a coordinator: a <see cref="ShardLoop{TShard}"/> for every partition of its topic that this node
/// leads. The metadata publisher says which those are, and which topics are gone; handlers ask for what goes by a key.
/// </summary>
public class Coordinator<TShard>(ShardKind<TShard> kind, ShardSurroundings surroundings) : IAsyncDisposable
    where TShard : class, IShard
{
    private readonly ConcurrentDictionary<int, ShardLoop<TShard>> _shards = new();
    private readonly Lock _gate = new();
    private Task _ending = Task.CompletedTask;
    private volatile int _partitions;

    /// <summary>The internal topic whose partitions are the shards.</summary>
    public string Topic { get; } = kind.Topic;

    /// <summary>How many partitions the topic has; 0 while it does not exist.</summary>
    public int PartitionCount
    {
        get => _partitions;
        set => _partitions = value;
    }

    /// <summary>Partitions that are led here and read.</summary>
    public int LoadedPartitions => _shards.Values.Count(static shard => shard.IsLoaded);

    /// <summary>Partitions that are led here and not read yet: what is asked of them is refused with COORDINATOR_LOAD_IN_PROGRESS.</summary>
    public int LoadingPartitions => _shards.Values.Count(static shard => !shard.IsLoaded);

    /// <summary>This node no longer leads the partition, or the partition is gone.</summary>
    public void Resign(int partition)
    {
        if (!_shards.TryRemove(partition, out var shard))
            return;
        var ended = shard.DisposeAsync().AsTask();
        lock (_gate)
            _ending = _ending.IsCompleted ? ended : Task.WhenAll(_ending, ended);
    }

    /// <summary>Topics were deleted: no shard keeps anything for them.</summary>
    public void TopicsDeleted(IReadOnlyCollection<string> topics)
    {
        foreach (var shard in _shards.Values)
            shard.TopicsDeleted(topics);
    }

    /// <summary>The answer of the shard that has the command's key, or the command's own refusal.</summary>
    public async ValueTask<T> Ask<T>(ShardCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var partitions = _partitions;
        if (partitions == 0 || !_shards.TryGetValue(ShardPartition.For(command.Key, partitions), out var shard))
            return (T)command.Refuse(ErrorCode.NotCoordinator);
        return (T)await shard.Ask(command);
    }

    /// <summary>Sends everybody away who waits for a shard. The node is shutting down.</summary>
    public void Close()
    {
        foreach (var partition in _shards.Keys)
            Resign(partition);
    }

    /// <summary>As <see cref="Close"/>; when it is done no shard reads, writes or logs any more, those among them that resigned before.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        Task ending;
        lock (_gate)
            ending = _ending;
        await ending;
        GC.SuppressFinalize(this);
    }

    /// <summary>This node leads the partition from now on. Call it again only after <see cref="Resign"/>.</summary>
    internal void Lead(int partition, IShardLog log)
    {
        var shard = new ShardLoop<TShard>(kind, partition, log, surroundings);
        Invariant.Holds(_shards.TryAdd(partition, shard), $"{Topic}-{partition}: a second shard of it is to decide");
        shard.Start();
    }

    /// <summary>The answers of all shards here, each asked at once.</summary>
    protected IReadOnlyList<Task<object>> AskAll(ShardCommand command) => [.. _shards.Values.Select(shard => shard.Ask(command))];

    /// <summary>Has a look at every shard here when its turn comes, null where it is not loaded. The partitions that are looked at.</summary>
    protected IReadOnlyList<int> LookAtAll(Action<int, TShard?> look)
    {
        var partitions = new List<int>();
        foreach (var (partition, shard) in _shards)
        {
            shard.Look(at => look(partition, at));
            partitions.Add(partition);
        }
        return partitions;
    }
}
