namespace KafkaCompat.Cluster.Quorum;

/// <summary>A question to another replica. Its answer comes back with the token.</summary>
public abstract record RaftRequest(long Token, ReplicaKey To)
{
    /// <summary>Asks for a vote.</summary>
    public sealed record Vote(long Token, ReplicaKey To, int Epoch, long EndOffset, int LastEpoch) : RaftRequest(Token, To);

    /// <summary>Makes a leader known.</summary>
    public sealed record BeginEpoch(long Token, ReplicaKey To, int Epoch) : RaftRequest(Token, To);

    /// <summary>Fetches from the leader.</summary>
    public sealed record Fetch(long Token, ReplicaKey To, int Epoch, long Offset, int LastEpoch) : RaftRequest(Token, To);
}
