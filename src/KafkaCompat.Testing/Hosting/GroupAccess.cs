using KafkaCompat.Broker.Coordination;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing.Hosting;

/// <summary>What a broker in this process knows of its groups, without a client.</summary>
internal static class GroupAccess
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    /// <summary>The offset that a group has committed for a partition, or null.</summary>
    public static async Task<long?> CommittedOffset(GroupCoordinator groups, string group, string topic, int partition)
    {
        if (groups.PartitionCount == 0) return null;
        var request = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = [new() { Name = topic, PartitionIndexes = [partition] }] };
        var answer = await WhenLoaded(() => groups.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(new FetchOffsetsCommand(request, RequireStable: false)),
            static answer => answer.ErrorCode).ConfigureAwait(false);
        if (answer.ErrorCode != ErrorCode.None)
            throw new KafkaCompatException(answer.ErrorCode, $"The offsets of group {group} cannot be read: {answer.ErrorCode}");
        return answer.Topics is [{ Partitions: [{ CommittedOffset: >= 0 and var offset }] }] ? offset : null;
    }

    /// <summary>The members of a group, none where there is no such group.</summary>
    public static async Task<IReadOnlyList<BrokerGroupMember>> Members(GroupCoordinator groups, string group)
    {
        if (groups.PartitionCount == 0) return [];
        var answer = await WhenLoaded(() => groups.Ask<DescribeGroupsResponse.DescribedGroup>(new DescribeGroupCommand(group)),
            static answer => answer.ErrorCode).ConfigureAwait(false);
        if (answer.ErrorCode == ErrorCode.GroupIdNotFound) return [];
        if (answer.ErrorCode != ErrorCode.None)
            throw new KafkaCompatException(answer.ErrorCode, $"The members of group {group} cannot be read: {answer.ErrorCode}");
        return [.. answer.Members.Select(static member =>
            new BrokerGroupMember(member.MemberId, member.ClientId, member.GroupInstanceId, Assignment(member.MemberAssignment)))];
    }

    /// <summary>A coordinator that has just started reads its log; it says so until it has.</summary>
    private static async Task<T> WhenLoaded<T>(Func<ValueTask<T>> ask, Func<T, ErrorCode> errorOf)
    {
        for (var waited = TimeSpan.Zero; ; waited += BetweenLooks)
        {
            var answer = await ask().ConfigureAwait(false);
            if (errorOf(answer) is not (ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator)
                || waited.TotalMilliseconds >= BrokerSettings.RequestTimeoutMs)
            {
                return answer;
            }

            await Task.Delay(BetweenLooks).ConfigureAwait(false);
        }
    }

    /// <summary>What a client wrote into its assignment; none where it is not a consumer's.</summary>
    private static (string, int)[] Assignment(byte[] bytes)
    {
        if (bytes.Length < sizeof(short)) return [];
        try
        {
            var reader = new WireReader(bytes);
            var version = Math.Min(reader.ReadInt16(), ConsumerProtocolAssignment.MaxVersion);
            var assignment = ConsumerProtocolAssignment.Read(ref reader, version);
            return [.. assignment.AssignedPartitions.SelectMany(static topic => topic.Partitions, static (topic, partition) => (topic.Topic, partition))];
        }
        catch (WireFormatException)
        {
            return [];
        }
    }
}
