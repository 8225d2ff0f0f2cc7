using KafkaCompat.Protocol;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;

namespace KafkaCompat.Broker.Partitions;

/// <summary>What one read of one partition found. Offsets are -1 where an error keeps them from being known.</summary>
public readonly struct PartitionRead
{
    public ErrorCode Error { get; init; }

    /// <summary>Null where there is nothing to wait for.</summary>
    public Partition? Partition { get; init; }

    public long HighWatermark => Error == ErrorCode.None && Seen is { } seen ? seen.HighWatermark : -1;

    public long LastStableOffset { get; init; }

    public long LogStartOffset { get; init; }

    /// <summary>The records, or null where there are none. To be disposed of by whoever read.</summary>
    public FileRegion? Region { get; init; }

    public int Length => Region?.Length ?? 0;

    /// <summary>Null with read_uncommitted.</summary>
    public IReadOnlyList<AbortedTransaction>? AbortedTransactions { get; init; }

    /// <summary>-1 unless the reader's last epoch ends before its offset here.</summary>
    public int DivergingEpoch { get; init; }

    public long DivergingEndOffset { get; init; }

    public int LeaderId => Seen?.Leadership.LeaderId ?? -1;

    public int LeaderEpoch => Seen?.Leadership.LeaderEpoch ?? -1;

    /// <summary>Whether a replica asked, who knows by itself where others are.</summary>
    public bool IsToReplica { get; init; }

    /// <summary>What the read went by; a wait for more begins there. Null where there was no partition to read.</summary>
    internal PartitionBounds? Seen { get; init; }

    public static PartitionRead Failed(ErrorCode error) => new()
    {
        Error = error,
        LastStableOffset = -1,
        LogStartOffset = -1,
        DivergingEpoch = -1,
    };
}
