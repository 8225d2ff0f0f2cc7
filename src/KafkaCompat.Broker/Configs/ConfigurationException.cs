namespace KafkaCompat.Broker.Configs;

/// <summary>A setting is unknown, malformed or contradicts another. The message is one line for the person who wrote it.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
