using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Groups;

/// <summary>
/// OffsetDelete 0: removes a group's offsets for partitions. Those that do not exist are UNKNOWN_TOPIC_OR_PARTITION and stand first; those of a topic
/// that a live member subscribes to are GROUP_SUBSCRIBED_TO_TOPIC; one without an offset is no error. An error of the group is the only answer.
/// </summary>
[Serves(ApiKey.OffsetDelete, 0, 0)]
public sealed class OffsetDeleteHandler(GroupCoordinator coordinator, BrokerMetadata metadata) : IHandler<OffsetDeleteRequest, OffsetDeleteResponse>
{
    public async ValueTask<OffsetDeleteResponse?> Handle(OffsetDeleteRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnGroup(AclOperation.Delete, request.GroupId))
            return new OffsetDeleteResponse { ErrorCode = ErrorCode.GroupAuthorizationFailed };
        if (request.GroupId.Length == 0) return new OffsetDeleteResponse { ErrorCode = ErrorCode.InvalidGroupId };
        var image = metadata.Current;
        var refused = new Dictionary<string, OffsetDeleteResponse.OffsetDeleteResponseTopic>(StringComparer.Ordinal);
        var response = new OffsetDeleteResponse();
        var known = new OffsetDeleteRequest { GroupId = request.GroupId };
        foreach (var topic in request.Topics)
        {
            var found = topic.Name.Length == 0 ? null : image.FindTopic(topic.Name);
            var isAllowed = context.Access.AllowsOnTopic(AclOperation.Read, topic.Name);
            var exists = topic.Partitions.ToLookup(partition => isAllowed && found?.Partitions.ContainsKey(partition.PartitionIndex) == true);
            if (exists[true].Any()) known.Topics.Add(new() { Name = topic.Name, Partitions = [.. exists[true]] });
            if (!exists[false].Any()) continue;
            if (!refused.TryGetValue(topic.Name, out var result))
            {
                refused.Add(topic.Name, result = new() { Name = topic.Name });
                response.Topics.Add(result);
            }
            result.Partitions.AddRange(exists[false].Select(partition => new OffsetDeleteResponse.OffsetDeleteResponsePartition
            {
                PartitionIndex = partition.PartitionIndex,
                ErrorCode = isAllowed ? ErrorCode.UnknownTopicOrPartition : ErrorCode.TopicAuthorizationFailed,
            }));
        }
        var deleted = await coordinator.Ask<OffsetDeleteResponse>(new DeleteOffsetsCommand(known));
        if (deleted.ErrorCode != ErrorCode.None) return deleted;
        foreach (var topic in deleted.Topics)
        {
            if (refused.TryGetValue(topic.Name, out var same)) same.Partitions.AddRange(topic.Partitions);
            else response.Topics.Add(topic);
        }
        return response;
    }
}
