using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// This replica leads its partition in one epoch. It says who may write, gives offsets, writes, and has <see cref="LeaderReplica"/> say what is
/// committed by that. Whoever waits for bytes, acknowledgements or syncs is the partition's to tell.
/// </summary>
internal sealed class Leading : PartitionRole
{
    /// <summary>In DeleteRecords: everything that consumers can see.</summary>
    private const long HighWatermarkOffset = -1;

    private const short AcksAll = -1;

    private readonly LeaderReplica _replica;
    private readonly PartitionLog _log;
    private readonly TimeProvider _time;
    private TopicConfig _config;
    private long _lastAppendTimeMs = long.MinValue;

    public Leading(Leadership leadership, LeaderReplica replica, PartitionLog log, TopicConfig config, TimeProvider time)
        : base(leadership)
    {
        _replica = replica;
        _log = log;
        _config = config;
        _time = time;
    }

    public override long HighWatermark => _replica.HighWatermark;

    /// <summary>How many replicas have all that is acknowledged.</summary>
    public int InSyncReplicas => _replica.Isr.Isr.Length;

    /// <summary>The rules of the topic for its replicas.</summary>
    public static ReplicationSettings SettingsOf(TopicConfig config) => new(config.MinInSyncReplicas, config.ReplicaLagTimeMaxMs);

    /// <summary>The topic has other settings.</summary>
    public void Configure(TopicConfig config)
    {
        _config = config;
        _replica.Settings = SettingsOf(config);
    }

    /// <summary>The metadata has news of the replicas, and the leader is the same in the same epoch.</summary>
    public void OnMetadata(PartitionRegistration registration) => _ = _replica.OnMetadata(registration, _time.TickMs());

    /// <summary>What there is of the log counts: all of it, or with <c>flush.messages=1</c> as much as is durable.</summary>
    public void OnLog()
    {
        var end = _log.LogEndOffset;
        _ = _replica.OnOwnLog(end, _config.FlushMessages == 1 ? Math.Min(_log.RecoveryPoint, end) : end);
    }

    /// <summary>Why a producer's batch is not taken, whatever it holds.</summary>
    public PartitionAppend? Refusal(short acks) => acks == AcksAll && _replica.IsUnderMinIsr ? PartitionAppend.Failed(ErrorCode.NotEnoughReplicas) : null;

    /// <summary>Gives a batch that is sound its offsets and writes it. Null where the log has to be asked first whether the batch is in it.</summary>
    public PartitionAppend? Append(ProduceVerdict verdict, bool knowsOlderBatches)
    {
        // Times that the broker gives follow the order of the records, also where a batch was checked before another that is written already: then it gets the
        // time of its own turn. Where the clock was set back meanwhile, that is the time it is now, and what was given before it does not count any more.
        var isBrokersTime = verdict.LogAppendTimeMs != RecordBatchHeader.NoTimestamp;
        if (isBrokersTime && verdict.LogAppendTimeMs < _lastAppendTimeMs) verdict = verdict.AtLogAppendTime(_time.WallMs());
        var producer = _log.Producers.Check(verdict.Header, AppendOrigin.Client);
        if (producer.Fault == ProducerFault.OutOfOrderSequenceNumber && !knowsOlderBatches) return null;
        if (producer.Fault != ProducerFault.None) return PartitionAppend.Refused((ErrorCode)producer.Fault, _log.LogStartOffset);
        if (producer.Duplicate is { } earlier) return Succeeded(earlier.FirstOffset, earlier.LastOffset, earlier.Timestamp, writtenBytes: 0);
        _ = verdict.Assign(_log.LogEndOffset, Leadership.LeaderEpoch);
        var appended = Write(verdict.Batch, verdict.LogAppendTimeMs);
        if (isBrokersTime) _lastAppendTimeMs = verdict.LogAppendTimeMs;
        return appended;
    }

    /// <summary>Gives the batch of a coordinator its offsets and writes it.</summary>
    public PartitionAppend AppendOfCoordinator(in ReadOnlySequence<byte> batch)
    {
        if (_replica.IsUnderMinIsr) return PartitionAppend.Failed(ErrorCode.NotEnoughReplicas);
        if (!RecordBatchHeader.TryRead(batch, out var header) || header.SizeInBytes > _config.MaxMessageBytes)
            return PartitionAppend.Failed(ErrorCode.MessageTooLarge);
        RecordBatchPatch.SetBaseOffset(batch, _log.LogEndOffset);
        RecordBatchPatch.SetPartitionLeaderEpoch(batch, Leadership.LeaderEpoch);
        return Write(batch, RecordBatchHeader.NoTimestamp);
    }

    /// <summary>As <see cref="Partition.DeleteRecordsBefore"/>.</summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecordsBefore(long offset)
    {
        if (_config.IsCompacted && !_config.IsDeleted) return (ErrorCode.PolicyViolation, -1);
        if (offset < HighWatermarkOffset || offset > HighWatermark) return (ErrorCode.OffsetOutOfRange, -1);
        try
        {
            _ = _log.AdvanceLogStart(offset == HighWatermarkOffset ? HighWatermark : offset);
            return (ErrorCode.None, _log.LogStartOffset);
        }
        catch (KafkaStorageException)
        {
            return (ErrorCode.KafkaStorageError, -1);
        }
    }

    /// <summary>Writes batches whose offsets are final.</summary>
    private PartitionAppend Write(in ReadOnlySequence<byte> batches, long logAppendTimeMs)
    {
        var appended = _log.Append(batches);
        OnLog();
        return Succeeded(appended.FirstOffset, appended.LastOffset, logAppendTimeMs, batches.Length);
    }

    private PartitionAppend Succeeded(long firstOffset, long lastOffset, long logAppendTimeMs, long writtenBytes) => new()
    {
        BaseOffset = firstOffset,
        LogAppendTimeMs = logAppendTimeMs,
        LogStartOffset = _log.LogStartOffset,
        RequiredOffset = lastOffset + 1,
        IsReplicated = lastOffset < HighWatermark,
        WrittenBytes = writtenBytes,
    };
}
