using KafkaCompat.Cluster.Quorum;
using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Replication;

/// <summary>A fetch of a follower as its leader gets it: up to where the follower has the log.</summary>
/// <param name="ReplicaId">The follower.</param>
/// <param name="BrokerEpoch">Its registration; a broker that restarts has another one.</param>
/// <param name="LeaderEpoch">The epoch that it follows in.</param>
/// <param name="Offset">The end of its log.</param>
/// <param name="LastFetchedEpoch">The epoch of the last record before it; -1 where it has none.</param>
/// <param name="KnownEnd">What the leader's own log says of that epoch: the largest one that is not above it, and where that ends. Not asked for
/// where the follower has none.</param>
/// <param name="MayJoin">Whether the leader's metadata has the follower's broker unfenced, not about to stop, and in that registration.</param>
public readonly record struct FollowerFetch(
    int ReplicaId, long BrokerEpoch, int LeaderEpoch, long Offset, int LastFetchedEpoch, EpochEnd KnownEnd, bool MayJoin);

/// <summary>What a leader makes of a follower's fetch.</summary>
/// <param name="Error">Why it is not served.</param>
/// <param name="Diverging">Where both logs may agree still, where the follower's is another one; it gets no records then.</param>
/// <param name="Step">What follows for the leader.</param>
public readonly record struct FetchVerdict(ErrorCode Error, EpochEnd? Diverging, LeaderStep Step)
{
    /// <summary>A fetch that counts for nothing.</summary>
    public static FetchVerdict Refused(ErrorCode error) => new(error, null, default);
}

/// <summary>What follows from something that a leader has heard.</summary>
/// <param name="HighWatermarkMoved">Whether records were committed.</param>
/// <param name="Change">What to ask the controller for; null where there is nothing.</param>
public readonly record struct LeaderStep(bool HighWatermarkMoved, IsrChange? Change);
