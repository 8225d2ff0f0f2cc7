namespace KafkaCompat.Cluster.Controller;

/// <summary>Which names a topic may have.</summary>
public static class TopicNames
{
    public const int MaxLength = 249;

    /// <summary>The topic of the metadata log, which nobody may make.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Topics that brokers keep for themselves.</summary>
    public static bool IsInternal(string name) => name is "__consumer_offsets" or "__transaction_state" or "__share_group_state";

    /// <summary>What is wrong with a name, in Kafka's words; null where nothing is.</summary>
    public static string? Check(string name) => name switch
    {
        "" => "Topic name is invalid: the empty string is not allowed",
        "." or ".." => $"Topic name is invalid: '{name}' is not allowed",
        { Length: > MaxLength } => $"Topic name is invalid: the length of '{name}' is longer than the max allowed length {MaxLength}",
        _ when !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') =>
            $"Topic name is invalid: '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        _ => null,
    };

    /// <summary>Metrics write '.' and '_' alike, so names that differ in these alone collide.</summary>
    public static bool HasCollisionChars(string name) => name.Contains('.') || name.Contains('_');

    public static string Unified(string name) => name.Replace('.', '_');
}
