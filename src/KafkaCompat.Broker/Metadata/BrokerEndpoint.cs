namespace KafkaCompat.Broker.Metadata;

/// <summary>A broker as a client of one listener reaches it.</summary>
public readonly record struct BrokerEndpoint(int NodeId, string Host, int Port, string? Rack, bool IsFenced);
