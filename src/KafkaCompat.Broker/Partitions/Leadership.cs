using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Partitions;

/// <summary>
/// Who leads a partition, as this replica knows it. It never changes: another leader, another epoch or the end of the replica is another object.
/// </summary>
/// <param name="LeaderId">The leader; -1 where there is none.</param>
/// <param name="LeaderEpoch">The epoch of that leader.</param>
/// <param name="IsHere">Whether this replica is the leader.</param>
/// <param name="IsClosed">Whether this replica is gone, so that it serves nobody.</param>
/// <param name="StartOffset">The end of the log when this replica became the leader.</param>
internal sealed record Leadership(int LeaderId, int LeaderEpoch, bool IsHere, bool IsClosed, long StartOffset)
{
    /// <summary>A client that knows no leader epoch.</summary>
    public const int NoEpoch = -1;

    /// <summary>Before the metadata has said who leads.</summary>
    public static Leadership Unknown { get; } = new(-1, -1, IsHere: false, IsClosed: false, StartOffset: 0);

    /// <summary>Whether this replica leads in an epoch.</summary>
    public bool IsHereIn(int leaderEpoch) => IsHere && LeaderEpoch == leaderEpoch;

    /// <summary>The answer to a client that takes this replica for the leader of an epoch.</summary>
    public ErrorCode Check(int currentLeaderEpoch)
    {
        if (IsClosed) return ErrorCode.NotLeaderOrFollower;
        if (currentLeaderEpoch != NoEpoch && currentLeaderEpoch < LeaderEpoch) return ErrorCode.FencedLeaderEpoch;
        if (currentLeaderEpoch != NoEpoch && currentLeaderEpoch > LeaderEpoch) return ErrorCode.UnknownLeaderEpoch;
        return IsHere ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }
}
