using System.Text;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Tests.Groups;

/// <summary>Replies and records on one line, with what a reader of a scenario needs.</summary>
internal static class ScenarioText
{
    public static string Show(object body) => body switch
    {
        JoinGroupResponse { ErrorCode: not ErrorCode.None } r => $"{r.ErrorCode} member={r.MemberId}",
        JoinGroupResponse r => $"joined generation={r.GenerationId} protocol={r.ProtocolName} leader={r.Leader} member={r.MemberId}"
            + (r.SkipAssignment ? " skip-assignment" : "") + (r.Members.Count == 0 ? "" : $" members=[{string.Join(' ', r.Members.Select(Member))}]"),
        SyncGroupResponse { ErrorCode: not ErrorCode.None } r => $"{r.ErrorCode}",
        SyncGroupResponse r => $"assigned {Text(r.Assignment)}",
        HeartbeatResponse r => $"{r.ErrorCode}",
        LeaveGroupResponse r =>
            string.Join(' ', r.Members.Select(m => $"{m.MemberId}{(m.GroupInstanceId is null ? "" : "/" + m.GroupInstanceId)}={m.ErrorCode}")),
        OffsetCommitResponse r => string.Join(' ', r.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name}-{p.PartitionIndex}={p.ErrorCode}"))),
        OffsetFetchResponse.OffsetFetchResponseGroup r => r.ErrorCode != ErrorCode.None ? $"{r.ErrorCode}"
            : string.Join(' ', r.Topics.SelectMany(t => t.Partitions.Select(p => p.ErrorCode != ErrorCode.None
                ? $"{t.Name}-{p.PartitionIndex}={p.ErrorCode}"
                    : $"{t.Name}-{p.PartitionIndex}={p.CommittedOffset}{(p.Metadata is "" ? "" : ":" + p.Metadata)}")).Order(StringComparer.Ordinal)),
        DescribeGroupsResponse.DescribedGroup r => $"{r.GroupState} type={r.ProtocolType} protocol={r.ProtocolData} "
            + $"[{string.Join(' ', r.Members.Select(m => $"{m.MemberId}({Text(m.MemberMetadata)},{Text(m.MemberAssignment)})"))}]"
            + (r.ErrorCode == ErrorCode.None ? "" : $" {r.ErrorCode} {r.ErrorMessage}"),
        OffsetDeleteResponse r => r.ErrorCode != ErrorCode.None ? $"{r.ErrorCode}"
            : string.Join(' ', r.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name}-{p.PartitionIndex}={p.ErrorCode}"))),
        DeleteGroupsResponse.DeletableGroupResult r => $"{r.ErrorCode}{(r.ErrorMessage is null ? "" : " " + r.ErrorMessage)}",
        GroupListing r => string.Join(' ', r.Groups.Select(g => $"{g.GroupId}:{g.GroupState}:{g.GroupType}:{g.ProtocolType}").Order(StringComparer.Ordinal)),
        _ => body.ToString()!,
    };

    public static string Show(ShardRecord record) => (record.Key, record.Value) switch
    {
        (OffsetCommitKey key, null) => $"offset {key.Group} {key.Topic}-{key.Partition} deleted",
        (OffsetCommitKey key, OffsetCommitValue value) => $"offset {key.Group} {key.Topic}-{key.Partition}={value.Offset} v{record.ValueVersion}",
        (GroupMetadataKey key, null) => $"group {key.Group} deleted",
        (GroupMetadataKey key, GroupMetadataValue value) => $"group {key.Group} v{record.ValueVersion} generation={value.Generation} type={value.ProtocolType} "
            + $"protocol={value.Protocol ?? "null"} leader={value.Leader ?? "null"} since={value.CurrentStateTimestamp} "
            + $"[{string.Join(' ', value.Members.Select(m => $"{m.MemberId}({Text(m.Subscription)},{Text(m.Assignment)})"))}]",
        _ => record.Key.GetType().Name + (record.Value is null ? " deleted" : ""),
    };

    private static string Member(JoinGroupResponse.JoinGroupResponseMember member) =>
        $"{member.MemberId}{(member.GroupInstanceId is null ? "" : "/" + member.GroupInstanceId)}({Text(member.Metadata)})";

    private static string Text(byte[] bytes) => string.Concat(Encoding.UTF8.GetString(bytes).Select(c => char.IsControl(c) || c == '\uFFFD' ? '.' : c));
}
