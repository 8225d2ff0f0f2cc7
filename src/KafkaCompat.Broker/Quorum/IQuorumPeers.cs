using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>The way to the other replicas of the metadata log.</summary>
public interface IQuorumPeers
{
    /// <summary>Asks, or loses it: Raft asks again. The answer comes back as a message with the request's token.</summary>
    void Ask(RaftRequest request);

    /// <summary>Answers whoever asked under the token.</summary>
    void Answer(RaftReply reply);
}

/// <summary>A quorum of one has nobody to talk to.</summary>
public sealed class NoPeers : IQuorumPeers
{
    public static NoPeers Instance { get; } = new();

    public void Ask(RaftRequest request)
    {
    }

    public void Answer(RaftReply reply)
    {
    }
}
