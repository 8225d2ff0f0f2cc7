using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers;

/// <summary>
/// CreateTopics 2-7: passed on to the controller, which checks names, counts, assignments and configs, and answers when
/// the topics are in the metadata log and this node leads their partitions.
/// </summary>
[Serves(ApiKey.CreateTopics, 2, 7)]
public sealed class CreateTopicsHandler(IControllerChannel controller) : IHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    public async ValueTask<CreateTopicsResponse?> Handle(CreateTopicsRequest request, RequestContext context) =>
        request.TimeoutMs > 0 ? await controller.CreateTopics(request, context.ApiVersion) : TimedOut(request);

    /// <summary>The time was up when the request came: nothing is made, as with Kafka.</summary>
    private static CreateTopicsResponse TimedOut(CreateTopicsRequest request) => new()
    {
        Topics = [.. request.Topics.Select(static topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = ErrorCode.RequestTimedOut })],
    };
}
