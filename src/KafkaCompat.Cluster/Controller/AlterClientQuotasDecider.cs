using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// AlterClientQuotas 0-1, once the hosts that it names have been looked up: sets and removes quotas, each entity on its own, all that is asked of it or
/// nothing; with validateOnly nothing.
/// </summary>
[Serves(ApiKey.AlterClientQuotas, 0, 1, ApiListeners.None)]
internal sealed class AlterClientQuotasDecider : IControllerHandler<AlterClientQuotasRequest, AlterClientQuotasResponse>
{
    public Decision<AlterClientQuotasResponse> Decide(AlterClientQuotasRequest request, ControllerTurn turn) =>
        new QuotaDecisions(turn.Image, turn.Request.UnknownHosts).Alter(request);
}
