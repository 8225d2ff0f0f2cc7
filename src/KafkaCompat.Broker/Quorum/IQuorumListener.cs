using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>Is told by the quorum's loop, one call after another, what is committed. The loop goes on when the call is done.</summary>
public interface IQuorumListener
{
    /// <summary>Everything so far is void: the state is this snapshot's.</summary>
    ValueTask OnSnapshot(SnapshotId id, QuorumSnapshot snapshot);

    /// <summary>Batches have been committed.</summary>
    ValueTask OnCommitted(IReadOnlyList<QuorumBatch> batches);

    /// <summary>This node leads from now on. All that earlier leaders wrote has been told before.</summary>
    ValueTask OnLeading(LeadershipStart start);
}

/// <summary>This node's office as leader: its epoch, where its next record will stand, and whether the log has no metadata yet.</summary>
public readonly record struct LeadershipStart(int Epoch, long NextOffset, bool IsLogEmpty);
