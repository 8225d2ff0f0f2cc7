using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// IncrementalAlterConfigs 0-1: sets, deletes, appends to and subtracts from single settings of topics, brokers (without a name: all of them), groups,
/// client metrics and this node's loggers. Each resource on its own, all that is asked of it or nothing; with validateOnly nothing. Answered in the
/// request's order when this node's metadata holds the change.
/// </summary>
[Serves(ApiKey.IncrementalAlterConfigs, 0, 1, ApiListeners.Broker | ApiListeners.Controller)]
internal sealed class IncrementalAlterConfigsHandler(ConfigAlteration alteration, IControllerChannel controller)
    : IHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    public async ValueTask<IncrementalAlterConfigsResponse?> Handle(IncrementalAlterConfigsRequest request, RequestContext context)
    {
        var verdicts = alteration.Preprocess(
            [.. request.Resources.Select(static r =>
                new ConfigAsked(r.ResourceType, r.ResourceName,
                [.. r.Configs.Select(static c => new ConfigChange(c.Name, (ConfigOperation)c.ConfigOperation, c.Value))]))],
            hasLoggers: true, request.ValidateOnly, context);
        var rest =
            new IncrementalAlterConfigsRequest { ValidateOnly = request.ValidateOnly, Resources = [.. request.Resources.Where((_, i) => verdicts[i] is null)] };
        var decided = rest.Resources.Count == 0
            ? new()
            : (IncrementalAlterConfigsResponse?)ForwardedApi.ToResponse(await controller.Forward(ForwardedRequest.Of(rest, context)), rest, context);
        return decided is null
            ? null
            : new IncrementalAlterConfigsResponse { Responses = ConfigAlteration.Merge(request.Resources, verdicts, decided.Responses) };
    }
}
