using System.Collections.Immutable;

namespace KafkaCompat.Cluster.Quorum;

/// <summary>What is appended to the log.</summary>
public abstract record RaftAppend
{
    private protected RaftAppend()
    {
    }
}

/// <summary>This replica has been elected, by the named voters, and opens its epoch.</summary>
public sealed record EpochOpening(int Epoch, ImmutableArray<ReplicaKey> GrantingVoters) : RaftAppend;

/// <summary>The records that came with the answer to a fetch.</summary>
public sealed record FetchedRecords(long Token) : RaftAppend;
