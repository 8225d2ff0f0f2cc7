using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Topics;

/// <summary>
/// DeleteTopics 1-6, from 6 on by name or id. With <c>delete.topic.enable=false</c> every topic is TOPIC_DELETION_DISABLED
/// (INVALID_REQUEST before 3, which does not know that error). Under a controller mutation quota topics past it are THROTTLING_QUOTA_EXCEEDED from 5 on;
/// older clients are only throttled. The rest is the controller's.
/// </summary>
[Serves(ApiKey.DeleteTopics, 1, 6)]
public sealed class DeleteTopicsHandler(IControllerChannel controller, ClientQuotas quotas, bool isEnabled) : IHandler<DeleteTopicsRequest, DeleteTopicsResponse>
{
    private const short QuotaErrorSince = 5;

    public async ValueTask<DeleteTopicsResponse?> Handle(DeleteTopicsRequest request, RequestContext context)
    {
        if (isEnabled)
        {
            var quota = quotas.MutationOf(context, QuotaErrorSince);
            var deleted = await controller.DeleteTopics(request, context.ApiVersion, quota);
            ClientQuotas.Settle(context, quota);
            return deleted;
        }
        var error = context.ApiVersion < 3 ? ErrorCode.InvalidRequest : ErrorCode.TopicDeletionDisabled;
        var response = new DeleteTopicsResponse();
        foreach (var name in request.TopicNames) response.Responses.Add(new() { Name = name, ErrorCode = error });
        foreach (var topic in request.Topics) response.Responses.Add(new() { Name = topic.Name, TopicId = topic.TopicId, ErrorCode = error });
        return response;
    }
}
