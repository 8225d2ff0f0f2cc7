using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// IncrementalAlterConfigs 0-1, of what is not a node's own: sets, deletes, appends to and subtracts from single settings of topics, brokers, groups and client
/// metrics. Each resource on its own, all that is asked of it or nothing; with validateOnly nothing.
/// </summary>
[Serves(ApiKey.IncrementalAlterConfigs, 0, 1, ApiListeners.None)]
internal sealed class IncrementalAlterConfigsDecider : IControllerHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    public Decision<IncrementalAlterConfigsResponse> Decide(IncrementalAlterConfigsRequest request, ControllerTurn turn)
    {
        var alteration = new ConfigDecisions(turn.Settings, turn.Image, turn.Access, request.ValidateOnly);
        var response = new IncrementalAlterConfigsResponse();
        ConfigDecisions.AlterEach(
            request.Resources, response.Responses,
            (resource, asked) => alteration.Alter(
                resource, asked.Configs.ConvertAll(static c => new ConfigChange(c.Name, (ConfigOperation)c.ConfigOperation, c.Value))));
        return new(alteration.Records, response) { IsAtomic = false };
    }
}
