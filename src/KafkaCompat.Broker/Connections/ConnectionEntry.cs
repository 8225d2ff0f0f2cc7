namespace KafkaCompat.Broker.Connections;

/// <summary>What became of a connection that wanted in.</summary>
/// <param name="Admission">Whether it may.</param>
/// <param name="HoldMs">How long a throttled one stays open and unserved before it is closed, so that its client does not come back at once.</param>
public readonly record struct ConnectionEntry(ConnectionAdmission Admission, long HoldMs = 0);
