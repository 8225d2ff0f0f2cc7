using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Quotas;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Topics;

/// <summary>
/// CreatePartitions 0-3: adds partitions to topics, where the controller places them or as the request assigns them; answered when they are in the
/// metadata log and this node leads them. A validated request is answered the same and changes nothing. Producers and consumers find new
/// partitions with their next Metadata; keys hash differently from then on, as with Kafka. Under a controller mutation quota topics past it are
/// THROTTLING_QUOTA_EXCEEDED from 3 on; older clients are only throttled.
/// </summary>
[Serves(ApiKey.CreatePartitions, 0, 3)]
public sealed class CreatePartitionsHandler(IControllerChannel controller, ClientQuotas quotas) : IHandler<CreatePartitionsRequest, CreatePartitionsResponse>
{
    private const short QuotaErrorSince = 3;

    public async ValueTask<CreatePartitionsResponse?> Handle(CreatePartitionsRequest request, RequestContext context)
    {
        var quota = quotas.MutationOf(context, QuotaErrorSince);
        var response = await controller.CreatePartitions(request, quota);
        ClientQuotas.Settle(context, quota);
        return response;
    }
}
