namespace KafkaCompat.Cluster.Quorum;

/// <summary>The types of the control records that the quorum writes, as they stand in a control record's key.</summary>
public enum QuorumControlType : short
{
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
}
