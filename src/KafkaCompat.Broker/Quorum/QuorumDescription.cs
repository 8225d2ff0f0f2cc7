using System.Collections.Immutable;
using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>How the quorum stands: what DescribeQuorum answers.</summary>
public sealed record QuorumDescription(
    int LeaderId, int Epoch, long HighWatermark, ImmutableArray<QuorumReplica> Voters, ImmutableArray<QuorumReplica> Observers, VoterSet VoterSet,
        short KRaftVersion);

/// <summary>A replica and how far it has come.</summary>
public sealed record QuorumReplica(ReplicaKey Key, long EndOffset, long LastFetchMs, long LastCaughtUpMs);
