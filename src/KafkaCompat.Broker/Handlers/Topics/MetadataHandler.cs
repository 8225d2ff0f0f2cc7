using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Topics;

/// <summary>
/// Metadata 0-13: the brokers as the listener of the request advertises them, and the topics asked for.
/// <list type="bullet">
/// <item>No topic list means all topics: null from 1 on, an empty one in 0.</item>
/// <item>An unknown name is created if the request and <c>auto.create.topics.enable</c> allow it. As with Kafka the answer
/// does not wait for that: it says UNKNOWN_TOPIC_OR_PARTITION and the client asks again.</item>
/// <item>From 10 on topics have ids, from 12 on they can be asked for by id alone: UNKNOWN_TOPIC_ID for an unknown one. Before 12 one without a name, or with
/// an id, is INVALID_REQUEST.</item>
/// <item>A topic that the client may not describe, or may not have created, is TOPIC_AUTHORIZATION_FAILED, whether it exists or not; of all topics it is left
/// out.</item>
/// <item>From 8 on the operations a client may do, all of them where the listener has no rules.</item>
/// </list>
/// </summary>
[Serves(ApiKey.Metadata, 0, 13)]
public sealed class MetadataHandler(BrokerMetadata metadata, TopicCreator creator) : IHandler<MetadataRequest, MetadataResponse>
{
    private const short AskedByIdSince = 12;

    public ValueTask<MetadataResponse?> Handle(MetadataRequest request, RequestContext context)
    {
        var image = metadata.Current;
        var response = new MetadataResponse { ClusterId = metadata.ClusterId, ControllerId = metadata.ControllerId };
        foreach (var broker in BrokerMetadata.Endpoints(image, context.ListenerName, includeFenced: false))
            response.Brokers.Add(new() { NodeId = broker.NodeId, Host = broker.Host, Port = broker.Port, Rack = broker.Rack });
        if (request.IncludeClusterAuthorizedOperations) response.ClusterAuthorizedOperations = context.Access.OperationsOnCluster();
        if (request.Topics is null || (context.ApiVersion == 0 && request.Topics.Count == 0))
        {
            foreach (var topic in image.Topics.Values.Where(topic => context.Access.AllowsOnTopic(AclOperation.Describe, topic.Name)))
                response.Topics.Add(Describe(topic, image, request, context));
        }
        else if (context.ApiVersion < AskedByIdSince && request.Topics.Exists(static topic => topic.Name is null || topic.TopicId != Uuid.Zero))
        {
            return ValueTask.FromResult<MetadataResponse?>(Refusal(request, ErrorCode.InvalidRequest));
        }
        else if (!AddAsked(response, request, image, context))
        {
            return ValueTask.FromResult<MetadataResponse?>(Refusal(request, ErrorCode.UnknownServerError));
        }
        return ValueTask.FromResult<MetadataResponse?>(response);
    }

    /// <summary>Topics that exist come first, then those that do not. False when one has neither a name nor an id.</summary>
    private bool AddAsked(MetadataResponse response, MetadataRequest request, MetadataImage image, RequestContext context)
    {
        var access = context.Access;
        var forbidden = new List<MetadataResponse.MetadataResponseTopic>();
        var missing = new List<string>();
        var unknownIds = new List<Uuid>();
        var seen = new HashSet<string>();
        foreach (var asked in request.Topics!)
        {
            var name = asked.Name;
            if (asked.TopicId != Uuid.Zero)
            {
                name = image.FindTopic(asked.TopicId)?.Name;
                if (name is null)
                {
                    unknownIds.Add(asked.TopicId);
                    continue;
                }
            }
            if (name is null) return false;
            if (!seen.Add(name)) continue;
            if (!access.AllowsOnTopic(AclOperation.Describe, name))
            {
                var isById = asked.TopicId != Uuid.Zero;
                forbidden.Add(new() { Name = isById ? null : name, TopicId = asked.TopicId, ErrorCode = ErrorCode.TopicAuthorizationFailed });
                continue;
            }
            if (image.FindTopic(name) is { } topic) response.Topics.Add(Describe(topic, image, request, context));
            else missing.Add(name);
        }
        var creates = missing.Count > 0 && creator.CreatesFor(request.AllowAutoTopicCreation);
        var createsAll = creates && access.AllowsOnCluster(AclOperation.Create);
        foreach (var name in missing)
        {
            var error = creates && !createsAll && !access.AllowsOnTopic(AclOperation.Create, name)
                ? ErrorCode.TopicAuthorizationFailed
                : creator.CreateOnDemand(name, request.AllowAutoTopicCreation, context);
            response.Topics.Add(new() { Name = name, ErrorCode = error, IsInternal = InternalTopics.Contains(name) });
        }
        foreach (var id in unknownIds)
        {
            response.Topics.Add(new() { Name = null, TopicId = id, ErrorCode = ErrorCode.UnknownTopicId });
        }
        response.Topics.AddRange(forbidden);
        return true;
    }

    private static MetadataResponse.MetadataResponseTopic Describe(TopicImage topic, MetadataImage image, MetadataRequest request, RequestContext context)
    {
        var result = new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = InternalTopics.Contains(topic.Name),
            Partitions = new(topic.Partitions.Count),
        };
        if (request.IncludeTopicAuthorizedOperations) result.TopicAuthorizedOperations = context.Access.OperationsOnTopic(topic.Name);
        foreach (var (index, partition) in topic.Partitions)
        {
            result.Partitions.Add(new()
            {
                PartitionIndex = index,
                ErrorCode = BrokerMetadata.LeaderError(image, partition, context.ListenerName),
                LeaderId = partition.Leader,
                LeaderEpoch = partition.LeaderEpoch,
                ReplicaNodes = [.. partition.Replicas],
                IsrNodes = [.. partition.Isr],
                OfflineReplicas = BrokerMetadata.OfflineReplicas(image, partition),
            });
        }
        return result;
    }

    /// <summary>Kafka's answer to topics that cannot be asked for so: an error for each, and nothing else.</summary>
    private static MetadataResponse Refusal(MetadataRequest request, ErrorCode error)
    {
        var response = new MetadataResponse { ErrorCode = error };
        foreach (var asked in request.Topics!)
            response.Topics.Add(new() { Name = asked.Name ?? "", TopicId = asked.TopicId, ErrorCode = error });
        return response;
    }
}
