using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// CreatePartitions 0-3: adds partitions to topics, where the controller places them or as the request assigns them; answered when they are in the
/// metadata log and this node leads them. A validated request is answered the same and changes nothing. Producers and consumers find new
/// partitions with their next Metadata; keys hash differently from then on, as with Kafka. Under a controller mutation quota topics past it are
/// THROTTLING_QUOTA_EXCEEDED from 3 on; older clients are only throttled.
/// </summary>
[Serves(ApiKey.CreatePartitions, 0, 3, ApiListeners.Controller)]
internal sealed class CreatePartitionsHandler : IControllerHandler<CreatePartitionsRequest, CreatePartitionsResponse>
{
    private const short QuotaErrorSince = 3;

    public Decision<CreatePartitionsResponse> Decide(CreatePartitionsRequest request, ControllerTurn turn) =>
        new PartitionDecisions(turn.Image, turn.Random, turn.MutationQuota(QuotaErrorSince), turn.Access).Create(request);

    public int? TimeoutMs(CreatePartitionsRequest request) => request.TimeoutMs;
}
