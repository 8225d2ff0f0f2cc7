namespace KafkaCompat.Cluster.Metadata;

/// <summary>A limit that binds a client, and those who share it: null stands for all users, or all client ids.</summary>
public readonly record struct QuotaBinding(double Limit, string? User, string? ClientId);
