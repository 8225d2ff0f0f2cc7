using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// CreateTopics 2-7: checks names, counts, assignments and configs; answered when the topics are in the metadata log and the node that was asked leads its
/// partitions of them. Under a controller mutation quota topics past it are THROTTLING_QUOTA_EXCEEDED from 6 on; older clients are only throttled.
/// A topic that its client may not create is TOPIC_AUTHORIZATION_FAILED; one whose settings the client may not see is created, and TOPIC_AUTHORIZATION_FAILED
/// stands in place of them.
/// </summary>
[Serves(ApiKey.CreateTopics, 2, 7, ApiListeners.Controller)]
internal sealed class CreateTopicsHandler : IControllerHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    private const short QuotaErrorSince = 6;

    public Decision<CreateTopicsResponse> Decide(CreateTopicsRequest request, ControllerTurn turn) =>
        new TopicDecisions(turn.Settings, turn.Image, turn.Random, turn.MutationQuota(QuotaErrorSince), turn.Access).Create(request);

    public int? TimeoutMs(CreateTopicsRequest request) => request.TimeoutMs;
}
