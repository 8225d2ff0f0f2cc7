using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// DescribeConfigs 1-4 for topics, brokers, broker loggers, groups and client metrics: every setting with the value in force, where it comes from, and on
/// request the chain of values behind it and, from 3 on, what is documented of it.
/// <list type="bullet">
/// <item>A resource whose settings the client may not see is refused with the error of its kind, and Kafka's text.</item>
/// <item>A topic that does not exist is UNKNOWN_TOPIC_OR_PARTITION; another broker's id, or no number, is INVALID_REQUEST.</item>
/// <item>A broker without a name is the cluster's default for brokers: only what was set there.</item>
/// <item>A request that names no settings is for all, with an empty list as without one.</item>
/// <item>Values of sensitive settings are not shown.</item>
/// <item>Resources for which the answer has no room are INVALID_REQUEST: <see cref="AnswerRoom"/>.</item>
/// <item>The documentation is our own: what a setting does here, see docs/settings.md.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DescribeConfigs, 1, 4, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class DescribeConfigsHandler(BrokerMetadata metadata, ServerConfig config, LoggerLevels loggers)
    : IHandler<DescribeConfigsRequest, DescribeConfigsResponse>
{
    public ValueTask<DescribeConfigsResponse?> Handle(DescribeConfigsRequest request, RequestContext context)
    {
        var response = new DescribeConfigsResponse();
        var description = new ConfigDescription(config, metadata, loggers, request.IncludeSynonyms, request.IncludeDocumentation);
        // A resource is described once however often it is named: a request of 9 bytes for each mention would hold up the socket's thread for minutes.
        var told = new Dictionary<
            (sbyte Type, string Name), (ErrorCode Error, string? Message, List<DescribeConfigsResponse.DescribeConfigsResourceResult> Settings)>();
        var room = new AnswerRoom();
        foreach (var resource in request.Resources)
        {
            var result = new DescribeConfigsResponse.DescribeConfigsResult { ResourceType = resource.ResourceType, ResourceName = resource.ResourceName };
            response.Results.Add(result);
            if (room.IsFull)
            {
                Refuse(result);
                continue;
            }
            var name = (resource.ResourceType, resource.ResourceName);
            if (!told.TryGetValue(name, out var found))
            {
                IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> settings = [];
                var (error, message) = Forbidden(resource, context.Access) ?? Find(resource, description, ref settings);
                told.Add(name, found = (error, message, [.. settings]));
            }
            (result.ErrorCode, result.ErrorMessage) = (found.Error, found.Message);
            foreach (var setting in found.Settings)
            {
                if (resource.ConfigurationKeys is not { Count: > 0 } keys || keys.Contains(setting.Name)) result.Configs.Add(setting);
            }
            if (!room.Fits(result.GetSize(context.ApiVersion))) Refuse(result);
        }
        return ValueTask.FromResult<DescribeConfigsResponse?>(response);
    }

    /// <summary>The refusal of a client that may not see the settings of a resource; null where it may.</summary>
    private static (ErrorCode Error, string? Message)? Forbidden(DescribeConfigsRequest.DescribeConfigsResource resource, Access access) =>
        (ConfigResourceType)resource.ResourceType switch
        {
            ConfigResourceType.Topic when !access.AllowsOnTopic(AclOperation.DescribeConfigs, resource.ResourceName) =>
                (ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic),
            ConfigResourceType.Group when !access.AllowsOnGroup(AclOperation.DescribeConfigs, resource.ResourceName) =>
                (ErrorCode.GroupAuthorizationFailed, AuthorizationTexts.Group),
            ConfigResourceType.Broker or ConfigResourceType.BrokerLogger or ConfigResourceType.ClientMetrics
                when !access.AllowsOnCluster(AclOperation.DescribeConfigs) =>
                (ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Cluster),
            _ => null,
        };

    private static void Refuse(DescribeConfigsResponse.DescribeConfigsResult result)
    {
        (result.ErrorCode, result.ErrorMessage) = (ErrorCode.InvalidRequest, AnswerRoom.Refusal);
        result.Configs = [];
    }

    private (ErrorCode Error, string? Message) Find(
        DescribeConfigsRequest.DescribeConfigsResource resource, ConfigDescription description,
        ref IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> settings)
    {
        switch ((ConfigResourceType)resource.ResourceType)
        {
            case ConfigResourceType.Topic:
                if (!TopicNames.IsValid(resource.ResourceName, out var problem)) return (ErrorCode.InvalidTopicException, problem);
                if (metadata.Current.FindTopic(resource.ResourceName) is null) return (ErrorCode.UnknownTopicOrPartition, "");
                settings = description.OfTopic(resource.ResourceName);
                return (ErrorCode.None, "");
            case ConfigResourceType.Broker when resource.ResourceName.Length == 0:
                settings = description.OfAllBrokers();
                return (ErrorCode.None, "");
            case ConfigResourceType.Broker:
                if (!int.TryParse(resource.ResourceName, out var id))
                    return (ErrorCode.InvalidRequest, $"Broker id must be an integer, but it is: {resource.ResourceName}");
                if (id != config.NodeId)
                    return (ErrorCode.InvalidRequest, $"Unexpected broker id, expected {config.NodeId} or empty string, but received {resource.ResourceName}");
                settings = description.OfBroker().Concat(description.OfBrokerBesides());
                return (ErrorCode.None, "");
            case ConfigResourceType.ClientMetrics:
                if (resource.ResourceName.Length == 0) return (ErrorCode.InvalidRequest, "Client metrics subscription name must not be empty");
                settings = description.OfClientMetrics(resource.ResourceName);
                return (ErrorCode.None, "");
            case ConfigResourceType.Group:
                if (resource.ResourceName.Length == 0) return (ErrorCode.InvalidRequest, "Group name must not be empty");
                settings = description.OfGroup(resource.ResourceName);
                return (ErrorCode.None, "");
            case ConfigResourceType.BrokerLogger:
                if (resource.ResourceName.Length == 0) return (ErrorCode.InvalidRequest, "Broker id must not be empty");
                if (!int.TryParse(resource.ResourceName, out var node))
                    return (ErrorCode.InvalidRequest, $"Broker id must be an integer, but it is: {resource.ResourceName}");
                if (node != config.NodeId)
                    return (ErrorCode.InvalidRequest, $"Unexpected broker id, expected {config.NodeId} but received {resource.ResourceName}");
                settings = description.OfLoggers();
                return (ErrorCode.None, "");
            default:
                return (ErrorCode.InvalidRequest, $"Unsupported resource type: {resource.ResourceType}");
        }
    }
}
