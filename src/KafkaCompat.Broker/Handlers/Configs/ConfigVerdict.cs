using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>What became of one resource without the controller.</summary>
internal sealed record ConfigVerdict(ErrorCode Error, string? Message);
