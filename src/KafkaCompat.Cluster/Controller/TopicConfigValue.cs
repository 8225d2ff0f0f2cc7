namespace KafkaCompat.Cluster.Controller;

/// <summary>A topic's setting in force. The source is Kafka's number: 1 the topic, 2 this broker, 3 all brokers, 4 the broker's file, 5 the default.</summary>
public readonly record struct TopicConfigValue(string Name, string? Value, sbyte Source, bool IsSensitive);
