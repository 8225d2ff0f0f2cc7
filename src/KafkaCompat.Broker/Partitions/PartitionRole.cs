using KafkaCompat.Broker.Configs;
using KafkaCompat.Storage.Logs;

namespace KafkaCompat.Broker.Partitions;

/// <summary>What this replica is to its partition: <see cref="Leading"/> or <see cref="Following"/>. Whoever calls holds the partition's lock.</summary>
internal abstract class PartitionRole(Leadership leadership, PartitionLog log, TopicConfig config)
{
    /// <summary>Who leads, here or elsewhere.</summary>
    public Leadership Leadership { get; } = leadership;

    /// <summary>Every replica in sync has all before it, as far as this one knows.</summary>
    public abstract long HighWatermark { get; }

    protected PartitionLog Log { get; } = log;

    protected TopicConfig Config { get; private set; } = config;

    /// <summary>What there is of the log counts: all of it, or with <c>flush.messages=1</c> as much as is durable.</summary>
    protected long HeldEndOffset => Config.FlushMessages == 1 ? Math.Min(Log.RecoveryPoint, Log.LogEndOffset) : Log.LogEndOffset;

    /// <summary>The topic has other settings.</summary>
    public virtual void Configure(TopicConfig config) => Config = config;

    /// <summary>The log has grown, or more of it is durable.</summary>
    public abstract void OnLog();
}
