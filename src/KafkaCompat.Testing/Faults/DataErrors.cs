using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of what reads and writes records.</summary>
internal static class DataErrors
{
    public static ProduceResponse Of(ProduceRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.TopicData.Select(topic => new ProduceResponse.TopicProduceResponse
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
                PartitionResponses =
                [
                    .. topic.PartitionData.Select(partition => new ProduceResponse.PartitionProduceResponse
                    {
                        Index = partition.Index,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                        BaseOffset = -1,
                    }),
                ],
            }),
        ],
    };

    /// <summary>
    /// An error of the session, or one of a fetch that names no partition because its session does, stands above the partitions and ends the session; any other
    /// stands in the partitions, as with a broker: a client that finds one above does not look below.
    /// </summary>
    public static FetchResponse Of(FetchRequest request, ErrorCode error) => new()
    {
        ErrorCode = request.Topics.Count == 0
            || error is ErrorCode.FetchSessionIdNotFound or ErrorCode.InvalidFetchSessionEpoch or ErrorCode.FetchSessionTopicIdError
            ? error
            : ErrorCode.None,
        Responses =
        [
            .. request.Topics.Select(topic => new FetchResponse.FetchableTopicResponse
            {
                Topic = topic.Topic,
                TopicId = topic.TopicId,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new FetchResponse.PartitionData
                    {
                        PartitionIndex = partition.Partition,
                        ErrorCode = error,
                        HighWatermark = -1,
                    }),
                ],
            }),
        ],
    };

    public static ListOffsetsResponse Of(ListOffsetsRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                    }),
                ],
            }),
        ],
    };

    public static DeleteRecordsResponse Of(DeleteRecordsRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new DeleteRecordsResponse.DeleteRecordsTopicResult
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new DeleteRecordsResponse.DeleteRecordsPartitionResult
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        LowWatermark = -1,
                    }),
                ],
            }),
        ],
    };

    public static OffsetForLeaderEpochResponse Of(OffsetForLeaderEpochRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
            {
                Topic = topic.Topic,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new OffsetForLeaderEpochResponse.EpochEndOffset
                    {
                        Partition = partition.Partition,
                        ErrorCode = error,
                    }),
                ],
            }),
        ],
    };

    public static DescribeProducersResponse Of(DescribeProducersRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new DescribeProducersResponse.TopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.PartitionIndexes.Select(partition => new DescribeProducersResponse.PartitionResponse
                    {
                        PartitionIndex = partition,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                    }),
                ],
            }),
        ],
    };
}
