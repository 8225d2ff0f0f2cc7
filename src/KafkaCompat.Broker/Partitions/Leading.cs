using System.Buffers;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
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
    private readonly TimeProvider _time;
    private readonly AppendTimes _times;

    public Leading(Leadership leadership, LeaderReplica replica, PartitionLog log, TopicConfig config, TimeProvider time, AppendTimes times)
        : base(leadership, log, config)
    {
        _replica = replica;
        _time = time;
        _times = times;
    }

    public override long HighWatermark => _replica.HighWatermark;

    /// <summary>How many replicas have all that is acknowledged.</summary>
    public int InSyncReplicas => _replica.Isr.Isr.Length;

    /// <summary>The rules of the topic for its replicas.</summary>
    public static ReplicationSettings SettingsOf(TopicConfig config) => new(config.MinInSyncReplicas, config.ReplicaLagTimeMaxMs);

    public override void Configure(TopicConfig config)
    {
        base.Configure(config);
        _replica.Settings = SettingsOf(config);
    }

    /// <summary>The metadata has news of the replicas, and the leader is the same in the same epoch.</summary>
    public void OnMetadata(PartitionRegistration registration) => _ = _replica.OnMetadata(registration, _time.TickMs());

    public override void OnLog() => _ = _replica.OnOwnLog(Log.LogEndOffset, HeldEndOffset);

    /// <summary>Why a producer's batch is not taken, whatever it holds.</summary>
    public PartitionAppend? Refusal(short acks) => acks == AcksAll && _replica.IsUnderMinIsr ? PartitionAppend.Failed(ErrorCode.NotEnoughReplicas) : null;

    /// <summary>Gives a batch that is sound its offsets and writes it. Null where the log has to be asked first whether the batch is in it.</summary>
    public PartitionAppend? Append(ProduceVerdict verdict, bool knowsOlderBatches)
    {
        verdict = _times.InOrder(verdict, _time);
        var producer = Log.Producers.Check(verdict.Header, AppendOrigin.Client);
        if (producer.Fault == ProducerFault.OutOfOrderSequenceNumber && !knowsOlderBatches) return null;
        if (producer.Fault != ProducerFault.None) return PartitionAppend.Refused((ErrorCode)producer.Fault, Log.LogStartOffset);
        if (producer.Duplicate is { } earlier) return Succeeded(earlier.FirstOffset, earlier.LastOffset, earlier.Timestamp, writtenBytes: 0);
        var appended = Write(verdict.Assign(Log.LogEndOffset, Leadership.LeaderEpoch), verdict.LogAppendTimeMs);
        _times.Given(verdict);
        return appended;
    }

    /// <summary>Gives the batch of a coordinator its offsets and writes it.</summary>
    public PartitionAppend AppendOfCoordinator(in ReadOnlySequence<byte> batch)
    {
        if (_replica.IsUnderMinIsr) return PartitionAppend.Failed(ErrorCode.NotEnoughReplicas);
        if (!RecordBatchHeader.TryRead(batch, out var header) || header.SizeInBytes > Config.MaxMessageBytes)
            return PartitionAppend.Failed(ErrorCode.MessageTooLarge);
        header = header with { BaseOffset = Log.LogEndOffset, PartitionLeaderEpoch = Leadership.LeaderEpoch };
        RecordBatchPatch.SetBaseOffset(batch, header.BaseOffset);
        RecordBatchPatch.SetPartitionLeaderEpoch(batch, header.PartitionLeaderEpoch);
        return Write(new BatchRun(header, batch), RecordBatchHeader.NoTimestamp);
    }

    /// <summary>As <see cref="Partition.DeleteRecordsBefore"/>.</summary>
    public (ErrorCode Error, long LowWatermark) DeleteRecordsBefore(long offset)
    {
        if (Config.IsCompacted && !Config.IsDeleted) return (ErrorCode.PolicyViolation, -1);
        if (offset < HighWatermarkOffset || offset > HighWatermark) return (ErrorCode.OffsetOutOfRange, -1);
        try
        {
            _ = Log.AdvanceLogStart(offset == HighWatermarkOffset ? HighWatermark : offset);
            return (ErrorCode.None, Log.LogStartOffset);
        }
        catch (KafkaStorageException)
        {
            return (ErrorCode.KafkaStorageError, -1);
        }
    }

    /// <summary>Writes batches whose offsets are final.</summary>
    private PartitionAppend Write(in BatchRun batches, long logAppendTimeMs)
    {
        var end = Log.LogEndOffset;
        var appended = Log.Append(batches);
        Invariant.Holds(appended.FirstOffset == end, $"{Log.Partition}: offsets from {appended.FirstOffset} on were given where the log ended at {end}");
        Invariant.Holds(Log.LogEndOffset == appended.LastOffset + 1,
            $"{Log.Partition}: it ends at {Log.LogEndOffset} after an append up to {appended.LastOffset}");
        OnLog();
        return Succeeded(appended.FirstOffset, appended.LastOffset, logAppendTimeMs, batches.Bytes.Length);
    }

    private PartitionAppend Succeeded(long firstOffset, long lastOffset, long logAppendTimeMs, long writtenBytes) => new()
    {
        BaseOffset = firstOffset,
        LogAppendTimeMs = logAppendTimeMs,
        LogStartOffset = Log.LogStartOffset,
        RequiredOffset = lastOffset + 1,
        LeaderId = Leadership.LeaderId,
        LeaderEpoch = Leadership.LeaderEpoch,
        IsReplicated = lastOffset < HighWatermark,
        WrittenBytes = writtenBytes,
    };
}
