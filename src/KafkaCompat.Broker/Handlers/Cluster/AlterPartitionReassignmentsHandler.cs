using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// AlterPartitionReassignments 0-1: moves partitions to other registered brokers, or gives a move up; from 1 on the number of replicas can be held.
/// A move whose replicas are in sync already is over at once; others wait for brokers that fetch, which a single node has none of.
/// </summary>
[Serves(ApiKey.AlterPartitionReassignments, 0, 1)]
public sealed class AlterPartitionReassignmentsHandler(IControllerChannel controller) : IHandler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>
{
    public async ValueTask<AlterPartitionReassignmentsResponse?> Handle(AlterPartitionReassignmentsRequest request, RequestContext context) =>
        await controller.AlterPartitionReassignments(request);
}
