using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// DeleteTopics 1-6, from 6 on by name or id. With <c>delete.topic.enable=false</c> every topic is TOPIC_DELETION_DISABLED
/// (INVALID_REQUEST before 3, which does not know that error). Under a controller mutation quota topics past it are THROTTLING_QUOTA_EXCEEDED from 5 on;
/// older clients are only throttled. A topic that its client may not delete is TOPIC_AUTHORIZATION_FAILED; where the client may not describe it
/// either and gave the id, the name is not in the answer. By name a topic that is not there is that too, where the client may not describe it. A topic that is
/// given by name and by id is INVALID_REQUEST.
/// </summary>
[Serves(ApiKey.DeleteTopics, 1, 6, ApiListeners.Controller)]
internal sealed class DeleteTopicsHandler : IControllerHandler<DeleteTopicsRequest, DeleteTopicsResponse>
{
    private const short QuotaErrorSince = 5;
    private const short DisabledErrorSince = 3;

    public Decision<DeleteTopicsResponse> Decide(DeleteTopicsRequest request, ControllerTurn turn) => turn.Settings.IsTopicDeletionEnabled
        ? new TopicDecisions(turn.Settings, turn.Image, turn.Random, turn.MutationQuota(QuotaErrorSince), turn.Access).Delete(request, turn.Version)
        : Decision.Of(request.Refused(turn.Version, turn.Version < DisabledErrorSince ? ErrorCode.InvalidRequest : ErrorCode.TopicDeletionDisabled));

    public int? TimeoutMs(DeleteTopicsRequest request) => request.TimeoutMs;
}
