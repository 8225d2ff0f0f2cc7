using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Broker.Handlers.Data;

/// <summary>
/// DeleteRecords 0-2: moves the start of partitions forward to an offset, or with -1 to the high watermark. Alone, a node has nobody to wait for.
/// <list type="bullet">
/// <item>An offset before the start changes nothing and is no error; one behind the high watermark is OFFSET_OUT_OF_RANGE.</item>
/// <item>A topic that is only compacted is POLICY_VIOLATION, an internal one INVALID_TOPIC_EXCEPTION.</item>
/// <item>Of a partition named twice the last offset counts, and it is answered once.</item>
/// </list>
/// </summary>
[Serves(ApiKey.DeleteRecords, 0, 2)]
public sealed class DeleteRecordsHandler(PartitionTable partitions) : IHandler<DeleteRecordsRequest, DeleteRecordsResponse>
{
    private const long Unknown = -1;

    public ValueTask<DeleteRecordsResponse?> Handle(DeleteRecordsRequest request, RequestContext context)
    {
        var wanted = new OrderedDictionary<string, OrderedDictionary<int, long>>(StringComparer.Ordinal);
        foreach (var topic in request.Topics.Where(static topic => topic.Partitions.Count > 0))
        {
            if (!wanted.TryGetValue(topic.Name, out var offsets)) wanted.Add(topic.Name, offsets = []);
            foreach (var partition in topic.Partitions) offsets[partition.PartitionIndex] = partition.Offset;
        }
        var response = new DeleteRecordsResponse { Topics = new(wanted.Count) };
        foreach (var (topic, offsets) in wanted)
        {
            var results = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic, Partitions = new(offsets.Count) };
            response.Topics.Add(results);
            var isAllowed = context.Access.AllowsOnTopic(AclOperation.Delete, topic);
            foreach (var (index, offset) in offsets)
            {
                var (error, lowWatermark) = isAllowed ? Delete(topic, index, offset) : (ErrorCode.TopicAuthorizationFailed, Unknown);
                results.Partitions.Add(new() { PartitionIndex = index, ErrorCode = error, LowWatermark = lowWatermark });
            }
        }
        return ValueTask.FromResult<DeleteRecordsResponse?>(response);
    }

    private (ErrorCode Error, long LowWatermark) Delete(string topic, int index, long offset)
    {
        if (partitions.Find(topic, index) is not { } partition) return (partitions.MissingError(topic, index), Unknown);
        return InternalTopics.Contains(topic) ? (ErrorCode.InvalidTopicException, Unknown) : partition.DeleteRecordsBefore(offset);
    }
}
