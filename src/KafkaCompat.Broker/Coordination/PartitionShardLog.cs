using System.Buffers;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Coordination;

/// <summary>A partition of an internal topic as the shard that runs on it uses it, in one leader epoch.</summary>
internal sealed class PartitionShardLog(Partition partition, int leaderEpoch, TimerWheel wheel) : IShardLog
{
    /// <summary>What one step of loading reads: large enough for few steps, small enough to be copied.</summary>
    private const int MaxReadBytes = 1024 * 1024;

    public IWorkThreads? SlowDisk => partition.Log.SlowDisk;

    public long StartOffset => partition.Log.LogStartOffset;

    public ShardLogEnd End
    {
        get
        {
            var (error, endOffset, isCommitted) = partition.EndAsLeader(leaderEpoch);
            return new ShardLogEnd(error, endOffset, isCommitted);
        }
    }

    public (ErrorCode Error, ReadOnlyMemory<byte> Batches) Read(long offset, long endOffset) =>
        partition.ReadAsLeader(offset, endOffset, MaxReadBytes, leaderEpoch);

    public ShardAppend Append(ReadOnlyMemory<byte> batch)
    {
        var appended = partition.AppendAsLeader(new ReadOnlySequence<byte>(batch), leaderEpoch);
        Invariant.Holds(appended.Error != ErrorCode.None || appended.LeaderEpoch == leaderEpoch,
            $"{partition.Topic}-{partition.Index}: a shard of epoch {leaderEpoch} has written in {appended.LeaderEpoch}");
        return new ShardAppend(appended.Error, appended.BaseOffset, appended.RequiredOffset, appended.IsReplicated);
    }

    public async Task<ErrorCode> WhenCommitted(long requiredOffset, int timeoutMs)
    {
        var wait = new AckWait(wheel);
        var place = wait.Add(partition, requiredOffset, leaderEpoch);
        await wait.Wait(timeoutMs);
        return place.Outcome ?? ErrorCode.RequestTimedOut;
    }
}
