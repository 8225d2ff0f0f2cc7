using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
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
        foreach (var asked in request.Resources)
        {
            var problem = alteration.Alter(
                new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName),
                asked.Configs.ConvertAll(static c => new ConfigChange(c.Name, (ConfigOperation)c.ConfigOperation, c.Value)));
            response.Responses.Add(new()
            {
                ErrorCode = problem?.Error ?? ErrorCode.None,
                ErrorMessage = problem?.Message,
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
            });
        }

        return new(alteration.Records, response) { IsAtomic = false };
    }
}
