using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of descriptions: of settings, credentials, the quorum.</summary>
internal static class ConfigErrors
{
    public static DescribeConfigsResponse Of(DescribeConfigsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Resources.Select(resource => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            }),
        ],
    };

    public static DescribeUserScramCredentialsResponse Of(DescribeUserScramCredentialsRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        ErrorMessage = ErrorAnswers.Message(error),
        Results =
        [
            .. (request.Users ?? []).Select(user => new DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult
            {
                User = user.Name,
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
            }),
        ],
    };

    public static DescribeQuorumResponse Of(DescribeQuorumRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        ErrorMessage = ErrorAnswers.Message(error),
        Topics =
        [
            .. request.Topics.Select(topic => new DescribeQuorumResponse.TopicData
            {
                TopicName = topic.TopicName,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new DescribeQuorumResponse.PartitionData
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                        LeaderId = -1,
                        LeaderEpoch = -1,
                        HighWatermark = -1,
                    }),
                ],
            }),
        ],
    };
}
