namespace KafkaCompat.Broker.Metadata;

/// <summary>This node's term as the active controller: its epoch, where its next record will stand, and whether the log has no metadata yet.</summary>
public readonly record struct LeadershipStart(int Epoch, long NextOffset, bool IsLogEmpty);
