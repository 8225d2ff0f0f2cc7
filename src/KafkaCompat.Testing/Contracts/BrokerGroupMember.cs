using System.Text;

namespace KafkaCompat.Testing;

/// <summary>A member of a consumer group, as <see cref="KafkaCompatBroker.GroupMembers"/> shows it.</summary>
/// <param name="MemberId">The id that the broker gave it.</param>
/// <param name="ClientId">What the client calls itself (<c>client.id</c>).</param>
/// <param name="GroupInstanceId">The name of a static member (<c>group.instance.id</c>), or null.</param>
/// <param name="Assignment">The partitions that it reads; none while the group rebalances.</param>
public sealed record BrokerGroupMember(string MemberId, string ClientId, string? GroupInstanceId, IReadOnlyList<(string Topic, int Partition)> Assignment)
{
    private bool PrintMembers(StringBuilder text)
    {
        _ = text.Append("MemberId = ").Append(MemberId).Append(", ClientId = ").Append(ClientId);
        if (GroupInstanceId is not null) _ = text.Append(", GroupInstanceId = ").Append(GroupInstanceId);
        _ = text.Append(", Assignment = ")
            .AppendJoin(", ", Assignment.Select(static assigned => FormattableString.Invariant($"{assigned.Topic}-{assigned.Partition}")));
        return true;
    }
}
