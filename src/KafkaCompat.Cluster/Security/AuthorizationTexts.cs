using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Cluster.Security;

/// <summary>What an answer says beside an error of authorization, in Kafka's words.</summary>
public static class AuthorizationTexts
{
    public const string Topic = "Topic authorization failed.";

    public const string Group = "Group authorization failed.";

    public const string TransactionalId = "Transactional Id authorization failed.";

    public const string Cluster = "Cluster authorization failed.";

    /// <summary>What CreateTopics says of a topic.</summary>
    public const string Creation = "Authorization failed.";

    /// <summary>What the controller says of a request as a whole. Apache Kafka also prints its own object of the request there.</summary>
    public static string Needs(AclOperation operation) => $"Request needs {operation.ToString().ToUpperInvariant()} permission.";
}
