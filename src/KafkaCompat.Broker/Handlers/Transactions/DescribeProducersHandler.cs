using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Transactions;

/// <summary>
/// DescribeProducers 0: the idempotent and transactional producers that a replica remembers, with the offset at which an open transaction began.
/// A name that no topic can have is INVALID_TOPIC_EXCEPTION with Kafka's text. Partitions for which the answer has no room are INVALID_REQUEST:
/// <see cref="AnswerRoom"/>.
/// </summary>
[Serves(ApiKey.DescribeProducers, 0, 0)]
public sealed class DescribeProducersHandler(PartitionTable partitions, BrokerMetadata metadata) : IHandler<DescribeProducersRequest, DescribeProducersResponse>
{
    public ValueTask<DescribeProducersResponse?> Handle(DescribeProducersRequest request, RequestContext context)
    {
        var response = new DescribeProducersResponse { Topics = new(request.Topics.Count) };
        var room = new AnswerRoom();
        foreach (var topic in request.Topics)
        {
            var results = new DescribeProducersResponse.TopicResponse { Name = topic.Name };
            response.Topics.Add(results);
            var problem = Problem(topic.Name, context.Access);
            foreach (var index in topic.PartitionIndexes)
            {
                var result = room.IsFull ? NoRoom(index)
                    : problem is { } refused ? new() { PartitionIndex = index, ErrorCode = refused.Error, ErrorMessage = refused.Message }
                    : Describe(topic.Name, index);
                results.Partitions.Add(room.Fits(result.GetSize(context.ApiVersion)) ? result : NoRoom(index));
            }
        }
        return ValueTask.FromResult<DescribeProducersResponse?>(response);
    }

    private static DescribeProducersResponse.PartitionResponse NoRoom(int index) =>
        new() { PartitionIndex = index, ErrorCode = ErrorCode.InvalidRequest, ErrorMessage = AnswerRoom.Refusal };

    private (ErrorCode Error, string Message)? Problem(string topic, Access access) =>
        !TopicNames.IsValid(topic, out var problem) ? (ErrorCode.InvalidTopicException, problem)
        : !access.AllowsOnTopic(AclOperation.Read, topic) ? (ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic)
        : metadata.Current.FindTopic(topic) is null ? (ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition.")
        : null;

    private DescribeProducersResponse.PartitionResponse Describe(string topic, int index)
    {
        var response = new DescribeProducersResponse.PartitionResponse { PartitionIndex = index };
        if (partitions.Find(topic, index) is not { } partition)
        {
            response.ErrorCode = partitions.MissingError(topic, index);
            return response;
        }
        var (error, producers) = partition.DescribeProducers();
        response.ErrorCode = error;
        foreach (var producer in producers)
        {
            response.ActiveProducers.Add(new()
            {
                ProducerId = producer.ProducerId,
                ProducerEpoch = producer.Epoch,
                LastSequence = producer.LastSequence,
                LastTimestamp = producer.LastTimestamp,
                CoordinatorEpoch = producer.CoordinatorEpoch,
                CurrentTxnStartOffset = producer.CurrentTransactionFirstOffset,
            });
        }
        return response;
    }
}
