namespace KafkaCompat.Cluster.Quorum;

/// <summary>What replicas of the metadata log say to each other, and what a replica's own log says to it.</summary>
public abstract record RaftMessage
{
    private protected RaftMessage()
    {
    }
}

/// <summary>A candidate asks for a vote. Its log ends at an offset, in an epoch.</summary>
public sealed record VoteRequested(ReplicaKey Candidate, int Epoch, long EndOffset, int LastEpoch) : RaftMessage;

/// <summary>A voter's answer, in the epoch that it knows.</summary>
public sealed record VoteAnswered(ReplicaKey Voter, int Epoch, bool IsGranted, int LeaderId) : RaftMessage;

/// <summary>A leader makes itself known.</summary>
public sealed record EpochBegun(int LeaderId, int Epoch) : RaftMessage;

/// <summary>A leader gives its office up.</summary>
public sealed record EpochEnded(int LeaderId, int Epoch) : RaftMessage;

/// <summary>A replica fetches from an offset on: all before it is durable there. With it comes the epoch of the last record before that offset.</summary>
public sealed record FetchRequested(ReplicaKey Replica, int Epoch, long Offset, int LastEpoch) : RaftMessage;

/// <summary>The leader's answer to a fetch, its records apart: the caller appends those that follow the log's end and then says <see cref="LogSynced"/>.</summary>
public sealed record FetchAnswered(int LeaderId, int Epoch, long HighWatermark) : RaftMessage;

/// <summary>The own log is durable up to an offset, the last record before it being of an epoch.</summary>
public sealed record LogSynced(long EndOffset, int LastEpoch) : RaftMessage;

/// <summary>A message and whom it is for.</summary>
public sealed record RaftEnvelope(ReplicaKey To, RaftMessage Message);
