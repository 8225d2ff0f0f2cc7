namespace KafkaCompat.Cluster.Metadata;

/// <summary>What a level of metadata.version switches on. Records are written in the versions that the level knows.</summary>
public readonly record struct MetadataVersion(short Level)
{
    /// <summary>3.3-IV3, the first that a KRaft cluster could be finalized at and the lowest supported.</summary>
    public const short Lowest = 7;

    /// <summary>4.4-IV2.</summary>
    public const short Highest = 33;

    public bool AreTransactionsSupported => Level >= 13;

    public bool IsControllerRegistrationSupported => Level >= 15;

    public bool IsDirectoryAssignmentSupported => Level >= 17;

    public bool IsElrSupported => Level >= 23;

    public bool IsCordonedLogDirsSupported => Level >= 30;

    public short RegisterBrokerRecord => (short)(IsCordonedLogDirsSupported ? 4 : IsDirectoryAssignmentSupported ? 3 : Level >= 8 ? 2 : 1);

    public short PartitionRecord => (short)(IsElrSupported ? 2 : IsDirectoryAssignmentSupported ? 1 : 0);

    public short PartitionChangeRecord => PartitionRecord;

    /// <summary>Whether taking a replica out of the ISR raises the leader epoch, as before 3.6.</summary>
    public bool IsLeaderEpochBumpedOnIsrShrink => Level < 12;
}
