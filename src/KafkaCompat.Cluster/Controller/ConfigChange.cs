namespace KafkaCompat.Cluster.Controller;

/// <summary>Kafka's numbers of what can be done to a setting.</summary>
public enum ConfigOperation : sbyte
{
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}

/// <summary>One setting to alter. The value counts for nothing where the setting is deleted.</summary>
public readonly record struct ConfigChange(string Name, ConfigOperation Operation, string? Value);
