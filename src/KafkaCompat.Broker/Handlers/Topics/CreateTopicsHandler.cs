using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Topics;

/// <summary>
/// CreateTopics 2-7: passed on to the controller, which checks names, counts, assignments and configs, and answers when
/// the topics are in the metadata log and this node leads their partitions. Under a controller mutation quota topics past it are THROTTLING_QUOTA_EXCEEDED
/// from 6 on; older clients are only throttled.
/// </summary>
[Serves(ApiKey.CreateTopics, 2, 7)]
public sealed class CreateTopicsHandler(IControllerChannel controller, ClientQuotas quotas) : IHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    private const short QuotaErrorSince = 6;

    public async ValueTask<CreateTopicsResponse?> Handle(CreateTopicsRequest request, RequestContext context)
    {
        if (request.TimeoutMs <= 0) return TimedOut(request);
        var quota = quotas.MutationOf(context, QuotaErrorSince);
        var response = await controller.CreateTopics(request, context.ApiVersion, quota);
        ClientQuotas.Settle(context, quota);
        return response;
    }

    /// <summary>The time was up when the request came: nothing is made, as with Kafka.</summary>
    private static CreateTopicsResponse TimedOut(CreateTopicsRequest request) => new()
    {
        Topics = [.. request.Topics.Select(static topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = ErrorCode.RequestTimedOut, ErrorMessage = null })],
    };
}
