using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// OffsetForLeaderEpoch 2-4: where a leader epoch ended in this log, so that a reader can tell whether its own log
/// or position diverged. An epoch that this log never had gets epoch -1 and offset -1, without an error.
/// </summary>
[Serves(ApiKey.OffsetForLeaderEpoch, 2, 4)]
public sealed class OffsetForLeaderEpochHandler(PartitionTable partitions) : IHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    public ValueTask<OffsetForLeaderEpochResponse?> Handle(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        var response = new OffsetForLeaderEpochResponse();
        var mayFollow = context.Access.AllowsOnCluster(AclOperation.ClusterAction);
        foreach (var topic in request.Topics)
        {
            var isAllowed = mayFollow || context.Access.AllowsOnTopic(AclOperation.Describe, topic.Topic);
            var results = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            response.Topics.Add(results);
            foreach (var asked in topic.Partitions)
            {
                var result = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = asked.Partition };
                results.Partitions.Add(result);
                if (!isAllowed)
                {
                    result.ErrorCode = ErrorCode.TopicAuthorizationFailed;
                    continue;
                }
                var partition = partitions.Find(topic.Topic, asked.Partition);
                if (partition is null)
                {
                    result.ErrorCode = partitions.MissingError(topic.Topic, asked.Partition);
                    continue;
                }
                (result.ErrorCode, result.LeaderEpoch, result.EndOffset) = partition.EndOfEpoch(asked.CurrentLeaderEpoch, asked.LeaderEpoch);
            }
        }
        return ValueTask.FromResult<OffsetForLeaderEpochResponse?>(response);
    }
}
