using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers;

/// <summary>
/// CreatePartitions 0-3: adds partitions to topics, where the controller places them or as the request assigns them; answered when they are in the
/// metadata log and this node leads them. A validated request is answered the same and changes nothing. Producers and consumers find new
/// partitions with their next Metadata; keys hash differently from then on, as with Kafka.
/// </summary>
[Serves(ApiKey.CreatePartitions, 0, 3)]
public sealed class CreatePartitionsHandler(IControllerChannel controller) : IHandler<CreatePartitionsRequest, CreatePartitionsResponse>
{
    public async ValueTask<CreatePartitionsResponse?> Handle(CreatePartitionsRequest request, RequestContext context) =>
        await controller.CreatePartitions(request);
}
