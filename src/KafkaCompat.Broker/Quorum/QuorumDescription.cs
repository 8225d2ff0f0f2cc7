using System.Collections.Immutable;
using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>How the quorum stands: what DescribeQuorum answers.</summary>
public sealed record QuorumDescription(
    int LeaderId, int Epoch, long HighWatermark, ImmutableArray<QuorumReplica> Voters, ImmutableArray<QuorumReplica> Observers, VoterSet VoterSet,
    short KRaftVersion)
{
    /// <summary>As a replica sees it.</summary>
    internal static QuorumDescription Of(RaftCore core, short kraftVersion)
    {
        var progress = core.Role is Leader leader ? leader.Progress : Progress.Empty;
        var observers = progress.Replicas.Keys.Where(key => !core.Voters.Contains(key));
        return new QuorumDescription(
            core.LeaderId, core.Epoch, core.HighWatermark, [.. core.Voters.Voters.Select(voter => Replica(voter.Key))], [.. observers.Select(Replica)],
            core.Voters, kraftVersion);

        QuorumReplica Replica(ReplicaKey key)
        {
            var known = progress.Of(key);
            return new QuorumReplica(key, known.EndOffset, known.LastFetchMs, known.LastCaughtUpMs);
        }
    }
}

/// <summary>A replica and how far it has come.</summary>
public sealed record QuorumReplica(ReplicaKey Key, long EndOffset, long LastFetchMs, long LastCaughtUpMs);
