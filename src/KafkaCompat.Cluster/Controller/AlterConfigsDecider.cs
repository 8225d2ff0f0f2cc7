using KafkaCompat.Protocol;
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
        ConfigDecisions.AlterEach(
            request.Resources, response.Responses,
            (resource, asked) => alteration.Replace(resource, asked.Configs.ToDictionary(static c => c.Name, static c => c.Value!, StringComparer.Ordinal)));
        return new(alteration.Records, response) { IsAtomic = false };
    }
}
