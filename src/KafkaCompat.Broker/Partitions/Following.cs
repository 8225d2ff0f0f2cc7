using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Logs;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Another replica leads in one epoch, or none, or this one is closed. Its log becomes the leader's: <see cref="FollowerReplica"/> says what to ask the leader
/// for and what to do with the answer, and this does it. The high watermark is what is known of it.
/// </summary>
internal sealed class Following(Leadership leadership, FollowerReplica replica, PartitionLog log, TopicConfig config, Action onCut)
    : PartitionRole(leadership, log, config)
{
    public override long HighWatermark => replica.HighWatermark;

    public override void OnLog() => replica.OnHeld(HeldEndOffset);

    /// <summary>The next fetch; null where there is nobody to ask.</summary>
    public LeaderFetch? Ask()
    {
        if (Leadership.IsClosed || Leadership.LeaderId < 0) return null;
        SeeRetention();
        var ask = replica.Ask();
        return new LeaderFetch(ask, ask.Offset > Log.LogStartOffset ? Log.Epochs.EpochFor(ask.Offset - 1) : Leadership.NoEpoch, Log.LogStartOffset);
    }

    /// <summary>Does to the log what an answer says, or nothing where the answer is of the past.</summary>
    public FollowerChange Take(long token, in LeaderAnswer answer, in LeaderBatches batches)
    {
        SeeRetention();
        if (StepFor(token, answer, batches) is not { } step) return default;
        if (step.Error != ErrorCode.None) return new FollowerChange(step.Error, 0);
        var isDone = false;
        try
        {
            if (step.IsCut) Cut(step);
            if (step.Appends) _ = Log.Append(batches.Run);
            if (step.AdvanceStartTo is { } first) _ = Log.AdvanceLogStart(first);
            Invariant.Holds(Log.LogEndOffset == step.LogEndOffset,
                $"{Log.Partition}: epoch {Leadership.LeaderEpoch} makes its log end at {step.LogEndOffset}, and it ends at {Log.LogEndOffset}");
            isDone = true;
        }
        finally
        {
            // A disk that refuses a part of it leaves the log as it is now.
            replica.Apply(isDone ? step : AsTheLogIs(), HeldEndOffset);
        }
        return new FollowerChange(ErrorCode.None, step.Appends ? batches.Run.Bytes.Length : 0);
    }

    /// <summary>Cuts the log and reports it at once, even where the cut or what comes after it fails: readers must not see beyond the end.</summary>
    private void Cut(in FollowerStep step)
    {
        try
        {
            if (step.TruncateTo is { } end) Log.TruncateTo(end);
            if (step.StartOverAt is { } start) Log.TruncateFullyAt(start);
        }
        finally
        {
            replica.Apply(AsTheLogIs(), HeldEndOffset);
            onCut();
        }
    }

    private FollowerStep? StepFor(long token, in LeaderAnswer answer, in LeaderBatches batches)
    {
        if (answer.IsOutOfRange) return replica.OnOutOfRange(token, answer.LogStartOffset, answer.LogEndOffset);
        if (answer.Diverging is not { } leaders)
            return replica.OnFetched(token, new FetchedBatches(batches.FirstOffset, batches.NextOffset, answer.HighWatermark, answer.LogStartOffset));
        var own = Log.Epochs.EndOffsetFor(leaders.Epoch, Log.LogEndOffset);
        return replica.OnDiverging(token, leaders, new EpochEnd(own.Epoch, own.StartOffset));
    }

    /// <summary>Retention goes on while this replica follows, and asks nobody.</summary>
    private void SeeRetention() => replica.OnLogStart(Log.LogStartOffset);

    private FollowerStep AsTheLogIs() => new()
    {
        LogStartOffset = Log.LogStartOffset,
        LogEndOffset = Log.LogEndOffset,
        HighWatermark = Math.Clamp(replica.HighWatermark, Log.LogStartOffset, Log.LogEndOffset),
    };
}
