using System.Globalization;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// ListConfigResources 0-1: what can be configured by name. Version 0 knows subscriptions of client metrics alone; from 1 on the request names types, none
/// for all: topics and brokers (each also as a broker of loggers) that exist, groups and subscriptions that have settings. UNSUPPORTED_VERSION for a type that
/// is none.
/// </summary>
[Serves(ApiKey.ListConfigResources, 0, 1)]
public sealed class ListConfigResourcesHandler(BrokerMetadata metadata) : IHandler<ListConfigResourcesRequest, ListConfigResourcesResponse>
{
    /// <summary>In the order in which they are answered: loggers before brokers, as with Kafka.</summary>
    private static readonly ConfigResourceType[] AllTypes =
        [ConfigResourceType.Group, ConfigResourceType.ClientMetrics, ConfigResourceType.BrokerLogger, ConfigResourceType.Broker, ConfigResourceType.Topic];

    public ValueTask<ListConfigResourcesResponse?> Handle(ListConfigResourcesRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.DescribeConfigs))
            return ValueTask.FromResult<ListConfigResourcesResponse?>(new() { ErrorCode = ErrorCode.ClusterAuthorizationFailed });
        var types = context.ApiVersion == 0 ? [ConfigResourceType.ClientMetrics]
            : request.ResourceTypes.Count == 0 ? AllTypes
            : [.. request.ResourceTypes.Select(static type => (ConfigResourceType)type).Distinct().OrderBy(static type => Array.IndexOf(AllTypes, type))];
        var response = new ListConfigResourcesResponse();
        if (types.Except(AllTypes).Any())
        {
            response.ErrorCode = ErrorCode.UnsupportedVersion;
            return ValueTask.FromResult<ListConfigResourcesResponse?>(response);
        }
        var image = metadata.Current;
        foreach (var type in types)
        {
            foreach (var name in NamesOf(image, type)) response.ConfigResources.Add(new() { ResourceName = name, ResourceType = (sbyte)type });
        }
        return ValueTask.FromResult<ListConfigResourcesResponse?>(response);
    }

    private static IEnumerable<string> NamesOf(MetadataImage image, ConfigResourceType type) => type switch
    {
        ConfigResourceType.Topic => image.Topics.Keys,
        ConfigResourceType.Broker or ConfigResourceType.BrokerLogger => image.Brokers.Keys.Select(static id => id.ToString(CultureInfo.InvariantCulture)),
        _ => image.Configs.Keys.Where(resource => resource.Type == type).Select(static resource => resource.Name).Order(StringComparer.Ordinal),
    };
}
