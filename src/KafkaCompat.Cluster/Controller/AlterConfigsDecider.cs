using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// AlterConfigs 0-2, the older way, of what is not a node's own: sets all settings of a topic, broker, group or subscription at once and takes back those that
/// are not named.
/// </summary>
[Serves(ApiKey.AlterConfigs, 0, 2, ApiListeners.None)]
internal sealed class AlterConfigsDecider : IControllerHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    public Decision<AlterConfigsResponse> Decide(AlterConfigsRequest request, ControllerTurn turn)
    {
        var alteration = new ConfigDecisions(turn.Settings, turn.Image, turn.Access, request.ValidateOnly);
        var response = new AlterConfigsResponse();
        foreach (var asked in request.Resources)
        {
            var problem = alteration.Replace(
                new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName),
                asked.Configs.ToDictionary(static c => c.Name, static c => c.Value!, StringComparer.Ordinal));
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
