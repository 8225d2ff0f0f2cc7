namespace KafkaCompat.Cluster.Metadata;

/// <summary>Where a node is reached through one of its listeners. The protocol is Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.</summary>
public sealed record Endpoint(string Name, string Host, int Port, short SecurityProtocol);

/// <summary>The levels of a feature that a node supports.</summary>
public sealed record FeatureRange(string Name, short Min, short Max);
