using System.Collections.Concurrent;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>
/// This node's part of the group coordinator: a <see cref="GroupShardLoop"/> for every partition of <c>__consumer_offsets</c> that it
/// leads. The metadata publisher says which those are, and which topics are gone; handlers ask for a group.
/// </summary>
public sealed class GroupCoordinator(GroupSettings settings, TimeProvider time, TimerWheel wheel, ILogger logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<int, GroupShardLoop> _shards = new();
    private readonly Lock _gate = new();
    private Task _ending = Task.CompletedTask;
    private volatile int _partitions;

    /// <summary>How many partitions <c>__consumer_offsets</c> has; 0 while it does not exist.</summary>
    public int PartitionCount
    {
        get => _partitions;
        set => _partitions = value;
    }

    /// <summary>
    /// The id that a topic has at the moment of asking, or null where it is not there. It must know every topic that a commit was let through for. Without
    /// it offsets are only forgotten for topics that <see cref="ForgetTopics"/> names.
    /// </summary>
    public Func<string, Uuid?>? TopicIds { get; init; }

    /// <summary>Partitions of the groups' log that are led here and read.</summary>
    public int LoadedPartitions => _shards.Values.Count(static shard => shard.IsLoaded);

    /// <summary>Partitions that are led here and not read yet: their groups are refused with COORDINATOR_LOAD_IN_PROGRESS.</summary>
    public int LoadingPartitions => _shards.Values.Count(static shard => !shard.IsLoaded);

    /// <summary>What the groups of all shards are in numbers. A shard that is at work is counted as it was a moment ago.</summary>
    public GroupCounts Count()
    {
        var groups = new Dictionary<(GroupType, string), int>();
        var offsets = 0;
        foreach (var shard in _shards.Values)
        {
            shard.Count();
            var counts = shard.Counts;
            foreach (var (key, count) in counts.Groups)
                groups[key] = groups.GetValueOrDefault(key) + count;
            offsets += counts.Offsets;
        }
        return new GroupCounts(groups, offsets);
    }

    /// <summary>This node no longer leads the partition, or the partition is gone.</summary>
    public void Resign(int partition)
    {
        if (!_shards.TryRemove(partition, out var shard))
            return;
        var ended = shard.DisposeAsync().AsTask();
        lock (_gate)
            _ending = _ending.IsCompleted ? ended : Task.WhenAll(_ending, ended);
    }

    /// <summary>Topics were deleted: no group keeps offsets for them.</summary>
    public void ForgetTopics(IReadOnlyCollection<string> topics)
    {
        foreach (var shard in _shards.Values)
            shard.ForgetTopics(topics);
    }

    /// <summary>The answer of the shard that has the command's group, or the command's own refusal.</summary>
    public async ValueTask<T> Ask<T>(GroupCommand command)
    {
        var partitions = _partitions;
        if (partitions == 0 || !_shards.TryGetValue(GroupPartition.For(command.GroupId, partitions), out var shard))
            return (T)command.Refuse(ErrorCode.NotCoordinator);
        return (T)await shard.Ask(command);
    }

    /// <summary>The groups of all shards here. A shard that still loads makes the whole listing wait: half a list would look like the whole.</summary>
    public async ValueTask<GroupListing> List(ListGroupsCommand command)
    {
        var asked = _shards.Values.Select(shard => shard.Ask(command)).ToArray();
        var groups = new List<Protocol.Messages.ListGroupsResponse.ListedGroup>();
        foreach (var answer in asked)
        {
            var listing = (GroupListing)await answer;
            if (listing.Error is not (ErrorCode.None or ErrorCode.NotCoordinator))
                return new GroupListing(listing.Error, []);
            groups.AddRange(listing.Groups);
        }
        return new GroupListing(ErrorCode.None, groups);
    }

    /// <summary>Sends everybody away who waits for a group. The node is shutting down.</summary>
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
    }

    /// <summary>This node leads the partition from now on. Call it again only after <see cref="Resign"/>.</summary>
    internal void Lead(int partition, IGroupLog log)
    {
        var shard = new GroupShardLoop(partition, log, settings, time, wheel, logger, TopicIds);
        if (!_shards.TryAdd(partition, shard))
            throw new InvalidOperationException($"Partition {partition} of the groups' log is led already.");
        shard.Start();
    }
}
