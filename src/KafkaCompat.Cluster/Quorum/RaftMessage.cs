namespace KafkaCompat.Cluster.Quorum;

/// <summary>
/// What a replica of the metadata log hears: requests of others, answers of others to its own requests, and what became of its own log. A request of another
/// carries a token under which the caller keeps whoever asked; <see cref="RaftReady.Replies"/> name it again. An answer carries the token of the request that
/// it answers.
/// </summary>
public abstract record RaftMessage
{
    private protected RaftMessage()
    {
    }
}

/// <summary>A candidate asks for a vote. Its log ends at an offset, in an epoch.</summary>
public sealed record VoteRequested(long Token, ReplicaKey Candidate, int Epoch, long EndOffset, int LastEpoch) : RaftMessage;

/// <summary>A leader makes itself known.</summary>
public sealed record EpochBegun(long Token, int LeaderId, int Epoch) : RaftMessage;

/// <summary>A leader gives its leadership up, and names who should stand for election, the best first.</summary>
public sealed record EpochEnded(long Token, int LeaderId, int Epoch, IReadOnlyList<ReplicaKey> Successors) : RaftMessage;

/// <summary>
/// A replica fetches from an offset on: all before it is durable there, the last record before it being of an epoch. Where there is nothing to be told yet, the
/// caller keeps the request and brings it again: it is judged again then.
/// </summary>
public sealed record FetchRequested(long Token, ReplicaKey Replica, int Epoch, long Offset, int LastEpoch) : RaftMessage;

/// <summary>A voter's answer, in the epoch that it knows.</summary>
public sealed record VoteAnswered(long Token, ReplicaKey Voter, int Epoch, bool IsGranted, int LeaderId) : RaftMessage;

/// <summary>The answer to a fetch, in the epoch and by the leader that whoever was asked knows.</summary>
/// <param name="Token">That of the fetch.</param>
/// <param name="LeaderId">The leader of the epoch; -1 where none is known.</param>
/// <param name="Epoch">The epoch of whoever answers.</param>
/// <param name="HighWatermark">Up to where the leader knows the log to be committed; -1 where it does not.</param>
/// <param name="Diverged">Where the logs may agree still; null where they agree up to the fetch's offset.</param>
/// <param name="Snapshot">What has to be fetched first, because the leader's log does not reach back so far.</param>
/// <param name="HasRecords">Whether it brings records, which the caller keeps under the token.</param>
public sealed record FetchAnswered(
    long Token, int LeaderId, int Epoch, long HighWatermark, EpochEnd? Diverged = null, SnapshotId? Snapshot = null, bool HasRecords = false) : RaftMessage;

/// <summary>A request got no answer: the peer is not reached, or did not understand it.</summary>
public sealed record RequestFailed(long Token) : RaftMessage;

/// <summary>The own log was appended to, up to an offset, with records of an epoch.</summary>
public sealed record LogAppended(long EndOffset, int Epoch) : RaftMessage;

/// <summary>The own log is durable up to an offset.</summary>
public sealed record LogSynced(long EndOffset) : RaftMessage;

/// <summary>A record that names the voters was appended.</summary>
public sealed record VotersAppended(long Offset, VoterSet Voters) : RaftMessage;

/// <summary>A snapshot that was asked for is in place, and the log begins behind it.</summary>
public sealed record SnapshotInstalled(SnapshotId Id, VoterSet? Voters) : RaftMessage;

/// <summary>The log begins behind a later snapshot: what that holds was deleted from it.</summary>
public sealed record LogCleaned(SnapshotId Start) : RaftMessage;
