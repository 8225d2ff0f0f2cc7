using KafkaCompat.Cluster.Quorum;

namespace KafkaCompat.Broker.Quorum;

/// <summary>
/// Hears from the quorum's loop what is committed, on the loop's own turn: a listener notes it and does its work elsewhere, so that the quorum waits for
/// nobody.
/// </summary>
public interface IQuorumListener
{
    /// <summary>Everything so far is void: the state is this snapshot's.</summary>
    void OnSnapshot(SnapshotId id, QuorumSnapshot snapshot);

    /// <summary>All before the offset is committed; <see cref="QuorumLoop.Committed"/> has it.</summary>
    void OnHighWatermark(long offset);

    /// <summary>
    /// This node leads an epoch from <paramref name="nextOffset"/> on. All before it is committed, and nobody but the controller appends behind it.
    /// </summary>
    void OnLeading(int epoch, long nextOffset);

    /// <summary>
    /// An epoch that <see cref="OnLeading"/> began is over, whoever leads the next one. What was appended in it and is not committed by now may never
    /// be.
    /// </summary>
    void OnLeadershipLost(int epoch);
}
