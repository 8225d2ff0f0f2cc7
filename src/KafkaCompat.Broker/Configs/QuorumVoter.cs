namespace KafkaCompat.Broker.Configs;

/// <summary>One entry of <c>controller.quorum.voters</c>.</summary>
public sealed record QuorumVoter(int Id, string Host, int Port);
