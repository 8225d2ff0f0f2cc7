namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What a replica is in its epoch.
/// <code>
/// Unattached → Candidate   the election time is over, and it is a voter
/// Unattached → Follower    somebody made itself known as leader of the epoch
/// Candidate  → Leader      a majority granted
/// Candidate  → Candidate   the election time is over (epoch + 1)
/// Follower   → Candidate   the leader was not heard of for the fetch time (epoch + 1)
/// Follower   → Unattached  the leader gave up
/// Resigned   → Candidate   the election time is over (epoch + 1)
/// any        → Unattached  a higher epoch
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

/// <summary>
/// Led this epoch before it was restarted, and may not lead on: its log may lack what it had not synced. Its vote is its own, so it grants none in this
/// epoch.
/// </summary>
public sealed record Resigned(long ElectionDueMs) : RaftRole;

/// <summary>Has voted for itself and waits for others.</summary>
public sealed record Candidate(Tally Votes, long ElectionDueMs) : RaftRole;

/// <summary>Follows a leader.</summary>
/// <param name="LeaderId">Whom.</param>
/// <param name="FetchDueMs">When it stands for election unless the leader answers before.</param>
/// <param name="Fetch">The fetch that is on its way; null between two.</param>
/// <param name="RetryDueMs">When it fetches again after one that failed; null where nothing has.</param>
/// <param name="AgreedOffset">Up to where its log is the leader's, by the leader's word; -1 before the first.</param>
/// <param name="LeaderHighWatermark">Up to where the leader said that the log is committed; -1 before that.</param>
public sealed record Follower(int LeaderId, long FetchDueMs, long? Fetch = null, long? RetryDueMs = null, long AgreedOffset = -1, long LeaderHighWatermark = -1)
    : RaftRole
{
    /// <summary>Whether records or a snapshot of the leader are being put in place: it fetches again when they are.</summary>
    public bool IsTaking { get; init; }
}

/// <summary>Leads. Records of earlier epochs are committed only together with one of its own.</summary>
public sealed record Leader(Progress Progress) : RaftRole;
