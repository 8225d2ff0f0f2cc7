namespace KafkaCompat.Cluster.Controller;

/// <summary>Whom quotas bind: the user who asks, and what the client calls itself.</summary>
public readonly record struct RequestClient(string User, string ClientId);
