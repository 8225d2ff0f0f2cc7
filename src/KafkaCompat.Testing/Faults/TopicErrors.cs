using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of what administers topics, partitions and where they lie.</summary>
internal static class TopicErrors
{
    public static CreateTopicsResponse Of(CreateTopicsRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult
            {
                Name = topic.Name,
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
            }),
        ],
    };

    public static DeleteTopicsResponse Of(DeleteTopicsRequest request, short version, ErrorCode error)
    {
        var topics = version < 6
            ? request.TopicNames.Select(static name => (Name: (string?)name, Id: Uuid.Zero))
            : request.Topics.Select(static topic => (topic.Name, Id: topic.TopicId));
        return new()
        {
            Responses =
            [
                .. topics.Select(topic => new DeleteTopicsResponse.DeletableTopicResult
                {
                    Name = topic.Name,
                    TopicId = topic.Id,
                    ErrorCode = error,
                    ErrorMessage = ErrorAnswers.Message(error),
                }),
            ],
        };
    }

    public static CreatePartitionsResponse Of(CreatePartitionsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Topics.Select(topic => new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = topic.Name,
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
            }),
        ],
    };

    public static ElectLeadersResponse Of(ElectLeadersRequest request, short version, ErrorCode error) => new()
    {
        ErrorCode = version >= 1 ? error : ErrorCode.None,
        ReplicaElectionResults =
        [
            .. (request.TopicPartitions ?? []).Select(topic => new ElectLeadersResponse.ReplicaElectionResult
            {
                Topic = topic.Topic,
                PartitionResult =
                [
                    .. topic.Partitions.Select(partition => new ElectLeadersResponse.PartitionResult
                    {
                        PartitionId = partition,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                    }),
                ],
            }),
        ],
    };

    public static AlterPartitionReassignmentsResponse Of(AlterPartitionReassignmentsRequest request, ErrorCode error) => new()
    {
        AllowReplicationFactorChange = request.AllowReplicationFactorChange,
        ErrorCode = error,
        ErrorMessage = ErrorAnswers.Message(error),
        Responses =
        [
            .. request.Topics.Select(topic => new AlterPartitionReassignmentsResponse.ReassignableTopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        ErrorMessage = ErrorAnswers.Message(error),
                    }),
                ],
            }),
        ],
    };

    /// <summary>A topic that is asked for in several directories is answered once.</summary>
    public static AlterReplicaLogDirsResponse Of(AlterReplicaLogDirsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Dirs.SelectMany(static dir => dir.Topics).GroupBy(static topic => topic.Name, StringComparer.Ordinal).Select(topic => new AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
            {
                TopicName = topic.Key,
                Partitions =
                [
                    .. topic.SelectMany(static part => part.Partitions).Distinct().Select(partition => new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult
                    {
                        PartitionIndex = partition,
                        ErrorCode = error,
                    }),
                ],
            }),
        ],
    };

    /// <summary>Versions before 3 can say it of a directory only; it has no name then.</summary>
    public static DescribeLogDirsResponse OfLogDirs(short version, ErrorCode error)
    {
        var answer = new DescribeLogDirsResponse { ErrorCode = error };
        if (version < 3) answer.Results.Add(new() { ErrorCode = error, LogDir = "" });
        return answer;
    }
}
