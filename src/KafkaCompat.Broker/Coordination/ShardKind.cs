using KafkaCompat.Broker.Loops;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Compression;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Coordination;

/// <summary>What a coordinator is besides its machine: the topic that holds its records, and how they are written there.</summary>
/// <param name="Topic">The internal topic, each of whose partitions is a shard.</param>
/// <param name="Create">An empty shard, ready to load.</param>
public sealed record ShardKind<TShard>(string Topic, Func<TShard> Create)
    where TShard : class, IShard
{
    /// <summary>What batches are compressed with.</summary>
    public CompressionType Codec { get; init; }

    /// <summary>How long a reply waits for its records to be committed before the asker is sent away.</summary>
    public int CommitTimeoutMs { get; init; } = 5_000;

    /// <summary>
    /// The metadata as the handlers read it at the moment of asking, from which commands are let through. A shard is handed the image, never this. Without it
    /// a shard hears of topics that are deleted by their names alone.
    /// </summary>
    public Func<MetadataImage>? Image { get; init; }

    /// <summary>
    /// What is to be logged of a decision. It is asked while the shard is as it was before, and what it gives is done once the decision is in the log.
    /// </summary>
    public Func<ILogger, TShard, ShardDecision, IReadOnlyList<Action>>? Events { get; init; }
}

/// <summary>What the loops of a coordinator live on.</summary>
/// <param name="Time">Their two clocks.</param>
/// <param name="Wheel">Their deadlines hang here. It goes by the same clock.</param>
/// <param name="Logger">What they have to say.</param>
/// <param name="Scheduler">Where their turns run.</param>
public sealed record ShardSurroundings(TimeProvider Time, TimerWheel Wheel, ILogger Logger, TaskScheduler Scheduler)
{
    /// <summary>What ends the node.</summary>
    public FatalFaults Faults { get; init; } = new();
}
