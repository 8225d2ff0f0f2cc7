using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Cluster.Replication;
using Xunit;

namespace KafkaCompat.Cluster.Tests.Replication;

/// <summary>A record of a log: who wrote it, in which epoch, and what no other record is.</summary>
internal readonly record struct LogRecord(int Epoch, long Value);

/// <summary>One replica: its log, which outlives it, and its role, which does not.</summary>
internal sealed class ReplicaNode(int id)
{
    private long _highWatermark;

    public int Id { get; } = id;

    /// <summary>The records from <see cref="Start"/> on.</summary>
    public List<LogRecord> Log { get; } = [];

    public long Start { get; private set; }

    public long End => Start + Log.Count;

    public bool IsAlive { get; set; } = true;

    /// <summary>Its registration; also what tells its lives apart.</summary>
    public long BrokerEpoch { get; set; } = id;

    /// <summary>The newest metadata that it has heard.</summary>
    public PartitionRegistration? Known { get; set; }

    public LeaderReplica? Leader { get; set; }

    public FollowerReplica? Follower { get; set; }

    public long HighWatermark => Leader?.HighWatermark ?? Follower?.HighWatermark ?? _highWatermark;

    public LogRecord At(long offset) => Log[(int)(offset - Start)];

    /// <summary>The epoch of the record before an offset; -1 where there is none.</summary>
    public int EpochBefore(long offset) => offset > Start ? At(offset - 1).Epoch : -1;

    /// <summary>As a log answers: the largest epoch that is not above the one asked for, and where it ends.</summary>
    public EpochEnd EndOf(int epoch)
    {
        var higher = Log.FindIndex(record => record.Epoch > epoch);
        var end = higher < 0 ? End : Start + higher;
        return new EpochEnd(end > Start ? EpochBefore(end) : epoch, end);
    }

    public void Append(LogRecord record)
    {
        Log.Add(record);
        _ = Leader?.OnOwnLog(End, End);
    }

    public void ForgetBefore(long offset)
    {
        Log.RemoveRange(0, (int)(offset - Start));
        Start = offset;
    }

    public void CutTo(long offset)
    {
        if (offset < Start)
            StartOverAt(offset);
        else
            Log.RemoveRange((int)(offset - Start), (int)(End - offset));
    }

    /// <summary>Does what a step says, with the records that came with it.</summary>
    public void Execute(FollowerStep step, IEnumerable<LogRecord> fetched)
    {
        if (step.TruncateTo is { } end)
            CutTo(end);
        if (step.StartOverAt is { } start)
            StartOverAt(start);
        if (step.Appends)
            Log.AddRange(fetched);
        if (step.AdvanceStartTo is { } newStart)
            ForgetBefore(newStart);
        Assert.Equal((step.LogStartOffset, step.LogEndOffset), (Start, End));
        Follower!.Apply(step, End);
    }

    /// <summary>Ends, and knows no more of the high watermark than a checkpoint says.</summary>
    public void Die(long checkpoint)
    {
        _highWatermark = Math.Clamp(checkpoint, Start, End);
        (IsAlive, Known, Leader, Follower) = (false, null, null, null);
    }

    /// <summary>What is behind an offset is lost.</summary>
    public void Lose(long end)
    {
        CutTo(Math.Clamp(end, Start, End));
        _highWatermark = Math.Min(_highWatermark, End);
    }

    /// <summary>Another role, with what it knows of the high watermark.</summary>
    public void Become(LeaderReplica? leader, FollowerReplica? follower) => (Leader, Follower) = (leader, follower);

    private void StartOverAt(long offset)
    {
        Log.Clear();
        Start = offset;
    }
}
