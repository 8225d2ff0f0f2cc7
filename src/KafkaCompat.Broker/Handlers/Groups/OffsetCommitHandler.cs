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
/// OffsetCommit 2-10: a group's offsets, by its members or, while it has none, by anybody (generation -1).
/// <list type="bullet">
/// <item>Topics and partitions that do not exist are UNKNOWN_TOPIC_OR_PARTITION, from 10 on, where topics go by id, UNKNOWN_TOPIC_ID for
/// an unknown id; the rest is committed all the same. In the answer what was refused here stands first, as with Kafka.</item>
/// <item>Up to 4 a retention time gives offsets an expiry of their own. From 6 on leader epochs, from 7 on static members.</item>
/// <item>A generation of a group that does not exist is ILLEGAL_GENERATION, from 9 on GROUP_ID_NOT_FOUND. An empty group id is allowed.</item>
/// </list>
/// </summary>
[Serves(ApiKey.OffsetCommit, 2, 10)]
public sealed class OffsetCommitHandler(GroupCoordinator coordinator, BrokerMetadata metadata) : IHandler<OffsetCommitRequest, OffsetCommitResponse>
{
    public async ValueTask<OffsetCommitResponse?> Handle(OffsetCommitRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Read, request.GroupId))
            return request.Refused(context.ApiVersion, ErrorCode.GroupAuthorizationFailed);
        var response = new OffsetCommitResponse();
        request.Topics = Resolve(request.Topics, metadata.Current, context, response);
        if (request.Topics.Count == 0)
            return response;
        var isWhole = response.Topics.Count == 0;
        var committed = await coordinator.Ask<OffsetCommitResponse>(new CommitOffsetsCommand(request, KnowsGroupIdNotFound: context.ApiVersion >= 9));
        // Kafka brings topics together only where some were refused here.
        if (isWhole) return committed;
        Merge(response, committed);
        return response;
    }

    /// <summary>What can be committed, with names and ids; what cannot goes to the response.</summary>
    private static List<OffsetCommitRequest.OffsetCommitRequestTopic> Resolve(
        List<OffsetCommitRequest.OffsetCommitRequestTopic> asked, MetadataImage image, RequestContext context, OffsetCommitResponse response)
    {
        var byId = context.ApiVersion >= 10;
        var known = new List<OffsetCommitRequest.OffsetCommitRequestTopic>(asked.Count);
        foreach (var topic in asked)
        {
            var name = byId ? image.FindTopic(topic.TopicId)?.Name : topic.Name;
            if (name is not null && !context.Access.AllowsOnTopic(AclOperation.Read, name))
            {
                Refuse(response, topic, topic.Partitions, ErrorCode.TopicAuthorizationFailed);
                continue;
            }
            var found = name is null ? null : image.FindTopic(name);
            if (found is null)
            {
                Refuse(response, topic, topic.Partitions, byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition);
                continue;
            }
            var missing = topic.Partitions.Where(partition => !found.Partitions.ContainsKey(partition.PartitionIndex)).ToList();
            topic.Name = found.Name;
            topic.TopicId = found.Id;
            if (missing.Count > 0)
            {
                Refuse(response, topic, missing, ErrorCode.UnknownTopicOrPartition);
                topic.Partitions = [.. topic.Partitions.Where(partition => found.Partitions.ContainsKey(partition.PartitionIndex))];
            }
            if (topic.Partitions.Count > 0)
                known.Add(topic);
        }
        return known;
    }

    private static void Refuse(
        OffsetCommitResponse response, OffsetCommitRequest.OffsetCommitRequestTopic topic,
        List<OffsetCommitRequest.OffsetCommitRequestPartition> partitions, ErrorCode error) =>
        response.Topics.Add(new()
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = [.. partitions.Select(partition => new OffsetCommitResponse.OffsetCommitResponsePartition
            {
                PartitionIndex = partition.PartitionIndex,
                ErrorCode = error,
            })],
        });

    private static void Merge(OffsetCommitResponse response, OffsetCommitResponse committed)
    {
        var told = new Dictionary<(string, Uuid), OffsetCommitResponse.OffsetCommitResponseTopic>(response.Topics.Count + committed.Topics.Count);
        foreach (var topic in response.Topics)
            _ = told.TryAdd((topic.Name, topic.TopicId), topic);
        foreach (var topic in committed.Topics)
        {
            if (told.TryAdd((topic.Name, topic.TopicId), topic))
                response.Topics.Add(topic);
            else
                told[(topic.Name, topic.TopicId)].Partitions.AddRange(topic.Partitions);
        }
    }
}
