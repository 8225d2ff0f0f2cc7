using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// OffsetFetch 1-10: committed offsets, -1 where there is none; a group that does not exist has none.
/// <list type="bullet">
/// <item>Up to 7 one group, from 8 on several. No topic list (null, from 2 on) means all that the group has.</item>
/// <item>A group's error stands with each partition in 1, with the answer from 2 on, with the group from 8 on.</item>
/// <item>From 7 on requireStable: UNSTABLE_OFFSET_COMMIT for a partition with an offset of an open transaction.</item>
/// <item>Up to 9 unknown topics are asked about like any other; from 10 on topics go by id, UNKNOWN_TOPIC_ID for an unknown one, and offsets of
/// topics that no longer exist are not listed.</item>
/// <item>Groups for which the answer has no room are INVALID_REQUEST: <see cref="AnswerRoom"/>.</item>
/// </list>
/// </summary>
[Serves(ApiKey.OffsetFetch, 1, 10)]
public sealed class OffsetFetchHandler(GroupCoordinator coordinator, BrokerMetadata metadata) : IHandler<OffsetFetchRequest, OffsetFetchResponse>
{
    public async ValueTask<OffsetFetchResponse?> Handle(OffsetFetchRequest request, RequestContext context)
    {
        if (context.ApiVersion >= 8)
        {
            var image = metadata.Current;
            var response = new OffsetFetchResponse { Groups = new(request.Groups.Count) };
            var room = new AnswerRoom();
            // One after another, so that no more is read than the answer has room for.
            foreach (var group in request.Groups)
            {
                var answer = room.IsFull ? NoRoom(group.GroupId) : await Fetch(group, request.RequireStable, context, image);
                response.Groups.Add(room.Fits(answer.GetSize(context.ApiVersion)) ? answer : NoRoom(group.GroupId));
            }
            return response;
        }
        var topics = request.Topics?.Select(topic => new OffsetFetchRequest.OffsetFetchRequestTopics
        {
            Name = topic.Name,
            PartitionIndexes = topic.PartitionIndexes,
        }).ToList();
        var single = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = request.GroupId, Topics = topics };
        return OfOneGroup(request, await Fetch(single, request.RequireStable, context, metadata.Current), context.ApiVersion);
    }

    private static OffsetFetchResponse.OffsetFetchResponseGroup NoRoom(string groupId) => new() { GroupId = groupId, ErrorCode = ErrorCode.InvalidRequest };

    private async ValueTask<OffsetFetchResponse.OffsetFetchResponseGroup> Fetch(
        OffsetFetchRequest.OffsetFetchRequestGroup group, bool requireStable, RequestContext context, MetadataImage image)
    {
        var access = context.Access;
        if (!access.AllowsOnGroup(AclOperation.Describe, group.GroupId))
            return new() { GroupId = group.GroupId, ErrorCode = ErrorCode.GroupAuthorizationFailed };
        var byId = context.ApiVersion >= 10;
        var forbidden = new List<OffsetFetchRequest.OffsetFetchRequestTopics>();
        var unknown = new List<OffsetFetchRequest.OffsetFetchRequestTopics>();
        if (group.Topics is { } topics)
        {
            foreach (var topic in topics)
            {
                if (byId)
                {
                    if (image.FindTopic(topic.TopicId)?.Name is not { } name)
                    {
                        unknown.Add(topic);
                        continue;
                    }
                    topic.Name = name;
                }
                if (!access.AllowsOnTopic(AclOperation.Describe, topic.Name)) forbidden.Add(topic);
            }
            if (unknown.Count + forbidden.Count > 0) group.Topics = [.. topics.Except(unknown).Except(forbidden)];
        }
        var answer = await coordinator.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(new FetchOffsetsCommand(group, requireStable));
        if (answer.ErrorCode != ErrorCode.None)
            return answer;
        // Of all that the group has, what the client may not see is left out.
        if (group.Topics is null && !access.IsUnlimited) _ = answer.Topics.RemoveAll(topic => !access.AllowsOnTopic(AclOperation.Describe, topic.Name));
        foreach (var topic in forbidden) answer.Topics.Add(Refused(topic, ErrorCode.TopicAuthorizationFailed));
        if (!byId)
            return answer;
        foreach (var topic in answer.Topics)
            topic.TopicId = image.FindTopic(topic.Name)?.Id ?? Uuid.Zero;
        _ = answer.Topics.RemoveAll(topic => topic.TopicId == Uuid.Zero);
        foreach (var topic in unknown)
        {
            answer.Topics.Add(Refused(topic, ErrorCode.UnknownTopicId));
        }
        return answer;
    }

    private static OffsetFetchResponse.OffsetFetchResponseTopics Refused(OffsetFetchRequest.OffsetFetchRequestTopics topic, ErrorCode error) => new()
    {
        Name = topic.Name,
        TopicId = topic.TopicId,
        Partitions = [.. topic.PartitionIndexes.Select(partition => new OffsetFetchResponse.OffsetFetchResponsePartitions
        {
            PartitionIndex = partition,
            CommittedOffset = -1,
            CommittedLeaderEpoch = -1,
            Metadata = "",
            ErrorCode = error,
        })],
    };

    private static OffsetFetchResponse OfOneGroup(OffsetFetchRequest request, OffsetFetchResponse.OffsetFetchResponseGroup group, short version)
    {
        if (group.ErrorCode != ErrorCode.None)
        {
            if (version >= 2)
                return new OffsetFetchResponse { ErrorCode = group.ErrorCode };
            // Version 1 has no place for the group's error but its partitions.
            group.Topics = [.. (request.Topics ?? []).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopics
            {
                Name = topic.Name,
                Partitions = [.. topic.PartitionIndexes.Select(partition => new OffsetFetchResponse.OffsetFetchResponsePartitions
                {
                    PartitionIndex = partition,
                    CommittedOffset = -1,
                    Metadata = "",
                    ErrorCode = group.ErrorCode,
                })],
            })];
        }
        return new OffsetFetchResponse
        {
            Topics = [.. group.Topics.Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopic
            {
                Name = topic.Name,
                Partitions = [.. topic.Partitions.Select(partition => new OffsetFetchResponse.OffsetFetchResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    CommittedOffset = partition.CommittedOffset,
                    CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
                    Metadata = partition.Metadata,
                    ErrorCode = partition.ErrorCode,
                })],
            })],
        };
    }
}
