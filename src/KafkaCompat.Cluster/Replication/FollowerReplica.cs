using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;

namespace KafkaCompat.Cluster.Replication;

/// <summary>
/// A replica that follows a leader in one epoch, or waits for one. A machine without clock, lock or file: it says what to ask the leader for and what
/// to do with the answer. Its log becomes the leader's: it is cut back to where both agree, then grows by what the leader has.
/// <list type="bullet">
/// <item>One fetch is under way. An answer to an earlier one means nothing: it may ask to cut what was fetched since.</item>
/// <item>A log that has diverged is cut to the common end of the last epoch that both have, as often as that takes. What is cut was never committed,
/// unless the leader was elected uncleanly. The high watermark goes back with the end of the log.</item>
/// <item>The high watermark is the leader's, as far as the own log reaches. One that it knew before is kept where the leader's is older.</item>
/// <item>The log starts where the leader's does, within what is committed.</item>
/// </list>
/// Invariant: <c>LogStartOffset ≤ HighWatermark ≤ LogEndOffset</c>.
/// </summary>
public sealed class FollowerReplica
{
    private long _heldEndOffset;
    private long _token;
    private bool _isAsking;

    /// <summary>Begins to follow.</summary>
    /// <param name="leaderEpoch">The epoch.</param>
    /// <param name="logStartOffset">Where its log starts.</param>
    /// <param name="logEndOffset">Where its log ends.</param>
    /// <param name="highWatermark">As it knew it before.</param>
    public FollowerReplica(int leaderEpoch, long logStartOffset, long logEndOffset, long highWatermark)
    {
        Require(leaderEpoch, logStartOffset, highWatermark, logEndOffset);
        LeaderEpoch = leaderEpoch;
        LogStartOffset = logStartOffset;
        LogEndOffset = _heldEndOffset = logEndOffset;
        HighWatermark = highWatermark;
    }

    /// <summary>The epoch that it follows in.</summary>
    public int LeaderEpoch { get; }

    /// <summary>Where its log starts.</summary>
    public long LogStartOffset { get; private set; }

    /// <summary>Where its log ends.</summary>
    public long LogEndOffset { get; private set; }

    /// <summary>Every replica in sync has all before it, by what the leader has said.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>Sends the next fetch. One that is under way is given up.</summary>
    public FollowerAsk Ask()
    {
        _isAsking = true;
        return new FollowerAsk(++_token, LeaderEpoch, _heldEndOffset);
    }

    /// <summary>In flush mode: the log is durable up to an offset, and no more is reported to the leader.</summary>
    public void OnHeld(long heldEndOffset) => _heldEndOffset = Math.Min(heldEndOffset, LogEndOffset);

    /// <summary>Retention has forgotten what is before an offset. It takes what is committed alone, so that whatever it took counts as that.</summary>
    public void OnLogStart(long logStartOffset)
    {
        Invariant.Holds(logStartOffset <= LogEndOffset, $"Epoch {LeaderEpoch}: a log that ends at {LogEndOffset} is to start at {logStartOffset}");
        LogStartOffset = Math.Max(LogStartOffset, logStartOffset);
        HighWatermark = Math.Max(HighWatermark, LogStartOffset);
    }

    /// <summary>The leader's log is the same before the offset that was asked for, and this is what follows there. Null for an answer of the past.</summary>
    public FollowerStep? OnFetched(long token, in FetchedBatches fetched)
    {
        if (!TakeAnswer(token))
            return null;
        var step = Now;
        if (fetched.FirstOffset >= 0)
        {
            if (fetched.FirstOffset < LogEndOffset)
            {
                // The leader's log starts within a batch, which it sends whole. A log without records can start with that.
                if (LogStartOffset < LogEndOffset)
                    return step with { Error = ErrorCode.CorruptMessage };
                step = StartOver(fetched.FirstOffset);
            }
            if (fetched.NextOffset <= step.LogEndOffset)
                return Now with { Error = ErrorCode.CorruptMessage };
            step = step with { Appends = true, LogEndOffset = fetched.NextOffset };
        }
        step = step with { HighWatermark = Math.Max(step.HighWatermark, Math.Min(fetched.HighWatermark, step.LogEndOffset)) };
        var start = Math.Min(fetched.LogStartOffset, step.HighWatermark);
        return start > step.LogStartOffset ? step with { AdvanceStartTo = start, LogStartOffset = start } : step;
    }

    /// <summary>The logs differ before the offset that was asked for. Null for an answer of the past.</summary>
    /// <param name="token">Of the fetch.</param>
    /// <param name="leaders">The largest epoch of the leader's that is not above the last one here, and where that ends there.</param>
    /// <param name="own">The same of this log: the largest epoch that is not above the leader's one, and where it ends; epoch -1 where all are above
    /// it.</param>
    public FollowerStep? OnDiverging(long token, EpochEnd leaders, EpochEnd own)
    {
        if (!TakeAnswer(token))
            return null;
        // Of an epoch that both have the shorter one is common. Else all that is here up to an earlier epoch may be: the next fetch asks with that.
        var common = own.Epoch < 0 ? leaders.EndOffset
            : own.Epoch != leaders.Epoch ? own.EndOffset
            : Math.Min(own.EndOffset, leaders.EndOffset);
        return common < LogEndOffset ? Truncate(common) : Now with { Error = ErrorCode.CorruptMessage };
    }

    /// <summary>The leader's log does not reach to the offset that was asked for, or not back to it. Null for an answer of the past.</summary>
    public FollowerStep? OnOutOfRange(long token, long leaderStartOffset, long leaderEndOffset)
    {
        if (!TakeAnswer(token))
            return null;
        if (leaderEndOffset < LogEndOffset)
            return Truncate(leaderEndOffset);
        return leaderStartOffset > LogEndOffset ? StartOver(leaderStartOffset) : Now;
    }

    /// <summary>The log was changed as a step says.</summary>
    /// <param name="step">The step.</param>
    /// <param name="heldEndOffset">Up to where the log counts now: its end, or in flush mode its durable end.</param>
    public void Apply(in FollowerStep step, long heldEndOffset)
    {
        Require(LeaderEpoch, step.LogStartOffset, step.HighWatermark, step.LogEndOffset);
        Invariant.Holds(step.HighWatermark >= HighWatermark || step.LogEndOffset < LogEndOffset || step.StartOverAt is not null,
            $"Epoch {LeaderEpoch}: the high watermark falls from {HighWatermark} to {step.HighWatermark}, and the log is not cut at {LogEndOffset}");
        LogStartOffset = step.LogStartOffset;
        LogEndOffset = step.LogEndOffset;
        HighWatermark = step.HighWatermark;
        OnHeld(heldEndOffset);
    }

    private static void Require(int leaderEpoch, long logStartOffset, long highWatermark, long logEndOffset) => Invariant.Holds(
        logStartOffset <= highWatermark && highWatermark <= logEndOffset,
        $"Epoch {leaderEpoch}: a follower's log from {logStartOffset} to {logEndOffset} has the high watermark {highWatermark}");

    private FollowerStep Now => new() { LogStartOffset = LogStartOffset, LogEndOffset = LogEndOffset, HighWatermark = HighWatermark };

    private FollowerStep Truncate(long offset) => new()
    {
        TruncateTo = offset,
        LogStartOffset = Math.Min(LogStartOffset, offset),
        LogEndOffset = offset,
        HighWatermark = Math.Min(HighWatermark, offset),
    };

    private static FollowerStep StartOver(long offset) => new()
    {
        StartOverAt = offset,
        LogStartOffset = offset,
        LogEndOffset = offset,
        HighWatermark = offset,
    };

    private bool TakeAnswer(long token)
    {
        var isLast = _isAsking && token == _token;
        _isAsking &= !isLast;
        return isLast;
    }
}
