using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// AlterConfigs 0-2, the older way: sets all settings of a topic, broker, group or subscription at once and takes back those that are not named. Loggers
/// are altered one by one only. A resource named twice is refused as IncrementalAlterConfigs refuses it; Apache Kafka never answers such a request.
/// </summary>
[Serves(ApiKey.AlterConfigs, 0, 2, ApiListeners.Broker | ApiListeners.Controller)]
internal sealed class AlterConfigsHandler(ConfigAlteration alteration, IControllerChannel controller) : IHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    public async ValueTask<AlterConfigsResponse?> Handle(AlterConfigsRequest request, RequestContext context)
    {
        var verdicts = alteration.Preprocess(
            [.. request.Resources.Select(static r =>
                new ConfigAsked(r.ResourceType, r.ResourceName, [.. r.Configs.Select(static c => new ConfigChange(c.Name, ConfigOperation.Set, c.Value))]))],
            hasLoggers: false, request.ValidateOnly, context);
        var rest = new AlterConfigsRequest { ValidateOnly = request.ValidateOnly, Resources = [.. request.Resources.Where((_, i) => verdicts[i] is null)] };
        var decided = rest.Resources.Count == 0
            ? new()
            : (AlterConfigsResponse?)ForwardedApi.ToResponse(await controller.Forward(ForwardedRequest.Of(rest, context)), rest, context);
        return decided is null ? null : new AlterConfigsResponse { Responses = ConfigAlteration.Merge(request.Resources, verdicts, decided.Responses) };
    }
}
