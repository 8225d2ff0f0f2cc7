using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>The way to the other replicas of the metadata log.</summary>
public interface IQuorumPeers
{
    /// <summary>Sends, or loses it: Raft asks again.</summary>
    void Send(RaftEnvelope envelope);
}

/// <summary>A quorum of one has nobody to talk to.</summary>
public sealed class NoPeers : IQuorumPeers
{
    public static NoPeers Instance { get; } = new();

    public void Send(RaftEnvelope envelope)
    {
    }
}
