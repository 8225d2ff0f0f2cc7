using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What a replica is in its epoch.
/// <code>
/// Unattached → Candidate   the election time is over, and it is a voter
/// Unattached → Follower    somebody made itself known as leader of the epoch
/// Candidate  → Leader      a majority granted
/// Candidate  → Candidate   the election time is over (epoch + 1)
/// Follower   → Candidate   the leader was not heard of for the fetch time (epoch + 1)
/// any        → Unattached  a higher epoch, or the leader gave up
/// </code>
/// </summary>
public abstract record RaftRole
{
    private protected RaftRole()
    {
    }
}

/// <summary>Knows no leader, and perhaps has given its vote away.</summary>
public sealed record Unattached(ReplicaKey Voted, long ElectionDueMs) : RaftRole;

/// <summary>Has voted for itself and waits for others.</summary>
public sealed record Candidate(ImmutableHashSet<ReplicaKey> Granted, ImmutableHashSet<ReplicaKey> Rejected, long ElectionDueMs) : RaftRole;

/// <summary>Follows a leader.</summary>
public sealed record Follower(int LeaderId, long FetchDueMs) : RaftRole;

/// <summary>Leads. Records before <see cref="EpochStartOffset"/> are of others and committed only together with one of its own.</summary>
public sealed record Leader(long EpochStartOffset, ImmutableDictionary<ReplicaKey, ReplicaProgress> Progress) : RaftRole;

/// <summary>How far a replica has fetched, and when, by the wall clock, it last did and was last at the log's end.</summary>
public sealed record ReplicaProgress(long EndOffset, long LastFetchMs, long LastCaughtUpMs);
