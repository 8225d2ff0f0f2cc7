namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>A member of a group, as requests name it.</summary>
internal sealed record GroupMember(string MemberId, int Generation);
