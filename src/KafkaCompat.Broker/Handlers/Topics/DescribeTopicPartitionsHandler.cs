using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Topics;

/// <summary>
/// DescribeTopicPartitions 0: topics in the order of their names, page by page.
/// <list type="bullet">
/// <item>No topics means all. The cursor names the first partition that the page shall hold: INVALID_REQUEST for every topic where its topic is not among those
/// that were named, or its partition is negative. An empty name is UNKNOWN_SERVER_ERROR for all.</item>
/// <item>At most as many partitions as asked, and as <c>max.request.partition.size.limit</c>; the next cursor says where to go on.</item>
/// <item>Topics that the client may not describe are TOPIC_AUTHORIZATION_FAILED when they were named, behind the others and behind those of each page; of
/// all topics they are left out. The next cursor does not name them.</item>
/// <item>Topics that do not exist are answered with UNKNOWN_TOPIC_OR_PARTITION when they were named.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeTopicPartitions, 0, 0)]
public sealed class DescribeTopicPartitionsHandler(BrokerMetadata metadata, ServerConfig config)
    : IHandler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>
{
    public ValueTask<DescribeTopicPartitionsResponse?> Handle(DescribeTopicPartitionsRequest request, RequestContext context)
    {
        var image = metadata.Current;
        var response = new DescribeTopicPartitionsResponse();
        var cursor = request.Cursor;
        if (cursor is not null && !IsPlace(request, cursor.TopicName, cursor.PartitionIndex))
            return ValueTask.FromResult<DescribeTopicPartitionsResponse?>(Refusal(request, ErrorCode.InvalidRequest));
        var names = Names(request, image, cursor?.TopicName);
        if (names is ["", ..]) return ValueTask.FromResult<DescribeTopicPartitionsResponse?>(Refusal(request, ErrorCode.UnknownServerError));
        var access = context.Access;
        var described = names.FindAll(name => access.AllowsOnTopic(AclOperation.Describe, name));
        var left = Math.Max(1, Math.Min(config.GetInt(ConfigKeys.MaxRequestPartitionSizeLimit), request.ResponsePartitionLimit));
        foreach (var name in described)
        {
            if (left <= 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = 0 };
                break;
            }
            var topic = image.FindTopic(name);
            if (topic is null)
            {
                var error = TopicNames.IsValid(name, out _) ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException;
                response.Topics.Add(new()
                {
                    Name = name,
                    ErrorCode = error,
                    IsInternal = InternalTopics.Contains(name),
                    TopicAuthorizedOperations = access.OperationsOnTopic(name),
                });
                continue;
            }
            var first = cursor is not null && cursor.TopicName == name ? Math.Max(0, cursor.PartitionIndex) : 0;
            var next = Add(response, topic, image, first, left);
            response.Topics[^1].TopicAuthorizedOperations = access.OperationsOnTopic(name);
            left -= next - first;
            if (next >= topic.Partitions.Count) continue;
            response.NextCursor = new() { TopicName = name, PartitionIndex = next };
            break;
        }
        // Again with each page.
        if (request.Topics.Count > 0)
        {
            response.Topics.AddRange(names.Except(described).Select(static name => new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                Name = name,
                ErrorCode = ErrorCode.TopicAuthorizationFailed,
            }));
        }

        return ValueTask.FromResult<DescribeTopicPartitionsResponse?>(response);
    }

    private static DescribeTopicPartitionsResponse Refusal(DescribeTopicPartitionsRequest request, ErrorCode error)
    {
        var response = new DescribeTopicPartitionsResponse();
        foreach (var topic in request.Topics) response.Topics.Add(new() { Name = topic.Name, ErrorCode = error });
        return response;
    }

    private static bool IsPlace(DescribeTopicPartitionsRequest request, string topicName, int partition) =>
        partition >= 0 && (request.Topics.Count == 0 || request.Topics.Exists(topic => topic.Name == topicName));

    private static List<string> Names(DescribeTopicPartitionsRequest request, MetadataImage image, string? from)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var topic in request.Topics) _ = names.Add(topic.Name);
        if (names.Count == 0)
        {
            foreach (var topic in image.Topics.Values) _ = names.Add(topic.Name);
        }
        return [.. names.Where(name => from is null || string.CompareOrdinal(name, from) >= 0)];
    }

    private static int Add(DescribeTopicPartitionsResponse response, TopicImage topic, MetadataImage image, int first, int limit)
    {
        var result = new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = InternalTopics.Contains(topic.Name),
        };
        response.Topics.Add(result);
        var end = Math.Min(topic.Partitions.Count, first + limit);
        for (var i = first; i < end; i++)
        {
            var partition = topic.Partitions[i];
            result.Partitions.Add(new()
            {
                PartitionIndex = i,
                // Without a leader too, as in Kafka: that there is none is the answer, and no error.
                ErrorCode = ErrorCode.None,
                LeaderId = partition.Leader,
                LeaderEpoch = partition.LeaderEpoch,
                ReplicaNodes = [.. partition.Replicas],
                IsrNodes = [.. partition.Isr],
                EligibleLeaderReplicas = [.. partition.Elr],
                LastKnownElr = [.. partition.LastKnownElr],
                OfflineReplicas = BrokerMetadata.OfflineReplicas(image, partition),
            });
        }
        return Math.Max(first, end);
    }
}
