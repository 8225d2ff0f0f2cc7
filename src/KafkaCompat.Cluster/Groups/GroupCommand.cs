using System.Collections.Immutable;
using System.Text;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Groups;

/// <summary>One request to a shard of groups.</summary>
public abstract record GroupCommand(string GroupId) : ShardCommand(GroupId)
{
    /// <summary>
    /// Whether a record can hold every name that the command might bring into the log. A request can hold more: bytes that are no UTF-8 are read
    /// as three bytes each, and a member's id is made from other names.
    /// </summary>
    internal virtual bool FitsRecords => true;

    private protected static bool Fits(string? name, int suffixLength = 0) =>
        name is null || Encoding.UTF8.GetByteCount(name) + suffixLength <= WireLimits.MaxStringLength;
}

/// <summary>JoinGroup; the reply is a <see cref="JoinGroupResponse"/>.</summary>
/// <param name="Request">As decoded, its rebalance timeout filled in for version 0.</param>
/// <param name="ClientId">From the request's header.</param>
/// <param name="ClientHost">Kafka's text of the address: <c>/127.0.0.1</c>.</param>
/// <param name="NewMemberSuffix">A fresh UUID for a member that has no id yet; randomness enters here and nowhere else.</param>
/// <param name="RequireKnownMemberId">From version 4 a dynamic member must come back with the id it was given.</param>
/// <param name="SupportsSkippingAssignment">From version 9 a returning static leader is asked not to compute an assignment.</param>
public sealed record JoinGroupCommand(
    JoinGroupRequest Request, string ClientId, string ClientHost, string NewMemberSuffix, bool RequireKnownMemberId, bool SupportsSkippingAssignment)
    : GroupCommand(Request.GroupId)
{
    internal override bool FitsRecords =>
        Fits(GroupId) && Fits(Request.ProtocolType) && Fits(ClientHost)
        && Fits(ClientId, 1 + NewMemberSuffix.Length) && Fits(Request.GroupInstanceId, 1 + NewMemberSuffix.Length)
        && Request.Protocols.TrueForAll(static protocol => Fits(protocol.Name));

    internal ImmutableArray<MemberProtocol> Protocols { get; } = [.. Request.Protocols.Select(p => new MemberProtocol(p.Name, p.Metadata))];

    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => Refuse(error, Request.MemberId);

    internal static JoinGroupResponse Refuse(ErrorCode error, string memberId) =>
        new() { ErrorCode = error, MemberId = memberId, GenerationId = -1, ProtocolName = null };
}

/// <summary>SyncGroup; the reply is a <see cref="SyncGroupResponse"/>.</summary>
public sealed record SyncGroupCommand(SyncGroupRequest Request) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new SyncGroupResponse { ErrorCode = error };
}

/// <summary>Heartbeat; the reply is a <see cref="HeartbeatResponse"/>.</summary>
public sealed record HeartbeatCommand(HeartbeatRequest Request) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new HeartbeatResponse { ErrorCode = error };
}

/// <summary>LeaveGroup in the form of version 3 and up, members listed; the reply is a <see cref="LeaveGroupResponse"/>.</summary>
public sealed record LeaveGroupCommand(LeaveGroupRequest Request) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new LeaveGroupResponse { ErrorCode = error };
}

/// <summary>OffsetCommit with topics that exist, each with name and id; the reply is an <see cref="OffsetCommitResponse"/>.</summary>
/// <param name="Request">As decoded, its topics resolved.</param>
/// <param name="KnowsGroupIdNotFound">From version 9 a generation of a group that does not exist is GROUP_ID_NOT_FOUND.</param>
public sealed record CommitOffsetsCommand(OffsetCommitRequest Request, bool KnowsGroupIdNotFound) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => Answer(Request, (_, _) => error);

    internal override bool FitsRecords =>
        Fits(GroupId) && Request.Topics.TrueForAll(static topic => topic.Partitions.TrueForAll(static partition => Fits(partition.CommittedMetadata)));

    internal static OffsetCommitResponse Answer(
        OffsetCommitRequest request,
        Func<OffsetCommitRequest.OffsetCommitRequestTopic, OffsetCommitRequest.OffsetCommitRequestPartition, ErrorCode> verdict) => new()
        {
            Topics = [.. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = [.. topic.Partitions.Select(partition => new OffsetCommitResponse.OffsetCommitResponsePartition
            {
                PartitionIndex = partition.PartitionIndex,
                ErrorCode = verdict(topic, partition),
            })],
        })],
        };
}

/// <summary>
/// OffsetFetch of one group, topics by name (null: all that it has); the reply is an
/// <see cref="OffsetFetchResponse.OffsetFetchResponseGroup"/> by topic name.
/// </summary>
public sealed record FetchOffsetsCommand(OffsetFetchRequest.OffsetFetchRequestGroup Request, bool RequireStable) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) =>
        new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = GroupId, ErrorCode = error };
}

/// <summary>OffsetDelete of partitions that exist; the reply is an <see cref="OffsetDeleteResponse"/>.</summary>
public sealed record DeleteOffsetsCommand(OffsetDeleteRequest Request) : GroupCommand(Request.GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new OffsetDeleteResponse { ErrorCode = error };
}

/// <summary>DeleteGroups of one group; the reply is a <see cref="DeleteGroupsResponse.DeletableGroupResult"/>.</summary>
public sealed record DeleteGroupCommand(string GroupId) : GroupCommand(GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => Answer(error, null);

    internal DeleteGroupsResponse.DeletableGroupResult Answer(ErrorCode error, string? message) =>
        new() { GroupId = GroupId, ErrorCode = error, ErrorMessage = message };
}

/// <summary>DescribeGroups of one group; the reply is a <see cref="DescribeGroupsResponse.DescribedGroup"/>.</summary>
public sealed record DescribeGroupCommand(string GroupId) : GroupCommand(GroupId)
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new DescribeGroupsResponse.DescribedGroup { GroupId = GroupId, ErrorCode = error };
}

/// <summary>
/// Lists the shard's groups in the given states and of the given types (lower case; empty: all). The reply is a
/// <see cref="GroupListing"/>.
/// </summary>
public sealed record ListGroupsCommand(IReadOnlyCollection<string> States, IReadOnlyCollection<string> Types) : GroupCommand("")
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => new GroupListing(error, []);
}

/// <summary>The groups of one shard.</summary>
public sealed record GroupListing(ErrorCode Error, IReadOnlyList<ListGroupsResponse.ListedGroup> Groups);

/// <summary>
/// Begins to forget the offsets of topics that are gone, in every group; <see cref="GroupShard.OnDeadline"/> goes on with it. There is nobody to answer.
/// </summary>
/// <param name="Topics">Topics that were deleted since the last of these commands.</param>
/// <param name="Image">The metadata as it is known here today. Without it, <paramref name="Topics"/> is all that is known.</param>
public sealed record ForgetTopicsCommand(IReadOnlyCollection<string> Topics, MetadataImage? Image = null) : GroupCommand("")
{
    /// <inheritdoc/>
    public override object Refuse(ErrorCode error) => error;
}
