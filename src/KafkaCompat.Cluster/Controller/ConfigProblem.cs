using KafkaCompat.Protocol;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Why an alteration of settings is refused.</summary>
public sealed record ConfigProblem(ErrorCode Error, string? Message);
