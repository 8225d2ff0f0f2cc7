using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of what groups ask of their coordinator.</summary>
internal static class GroupErrors
{
    public static FindCoordinatorResponse Of(FindCoordinatorRequest request, short version, ErrorCode error)
    {
        if (version < 4) return new() { ErrorCode = error, ErrorMessage = ErrorAnswers.Message(error), NodeId = -1, Host = "", Port = -1 };
        return new()
        {
            Coordinators =
            [
                .. request.CoordinatorKeys.Select(key => new FindCoordinatorResponse.Coordinator
                {
                    Key = key,
                    NodeId = -1,
                    Host = "",
                    Port = -1,
                    ErrorCode = error,
                    ErrorMessage = ErrorAnswers.Message(error),
                }),
            ],
        };
    }

    /// <summary>The id that the member came with; where the error asks a new member to come back with one it needs to be given one.</summary>
    public static JoinGroupResponse Of(JoinGroupRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        ProtocolName = "",
        MemberId = error == ErrorCode.MemberIdRequired && request.MemberId.Length == 0 ? $"fault-{Guid.NewGuid()}" : request.MemberId,
    };

    public static LeaveGroupResponse Of(LeaveGroupRequest request, short version, ErrorCode error)
    {
        var answer = new LeaveGroupResponse { ErrorCode = error };
        if (version < 3) return answer;
        foreach (var member in request.Members)
        {
            answer.Members.Add(new() { MemberId = member.MemberId, GroupInstanceId = member.GroupInstanceId, ErrorCode = error });
        }

        return answer;
    }

    public static DescribeGroupsResponse Of(DescribeGroupsRequest request, short version, ErrorCode error) => new()
    {
        Groups =
        [
            .. request.Groups.Select(group => new DescribeGroupsResponse.DescribedGroup
            {
                GroupId = group,
                ErrorCode = error,
                ErrorMessage = version >= 6 ? ErrorAnswers.Message(error) : null,
            }),
        ],
    };

    public static DeleteGroupsResponse Of(DeleteGroupsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.GroupsNames.Select(group => new DeleteGroupsResponse.DeletableGroupResult
            {
                GroupId = group,
                ErrorCode = error,
                ErrorMessage = ErrorAnswers.Message(error),
            }),
        ],
    };

    public static OffsetCommitResponse Of(OffsetCommitRequest request, ErrorCode error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new OffsetCommitResponse.OffsetCommitResponsePartition
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                    }),
                ],
            }),
        ],
    };

    public static OffsetFetchResponse Of(OffsetFetchRequest request, short version, ErrorCode error)
    {
        if (version < 8)
        {
            return new()
            {
                ErrorCode = error,
                Topics =
                [
                    .. (request.Topics ?? []).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopic
                    {
                        Name = topic.Name,
                        Partitions =
                        [
                            .. topic.PartitionIndexes.Select(partition => new OffsetFetchResponse.OffsetFetchResponsePartition
                            {
                                PartitionIndex = partition,
                                CommittedOffset = -1,
                                Metadata = "",
                                ErrorCode = error,
                            }),
                        ],
                    }),
                ],
            };
        }

        return new()
        {
            Groups =
            [
                .. request.Groups.Select(group => new OffsetFetchResponse.OffsetFetchResponseGroup
                {
                    GroupId = group.GroupId,
                    ErrorCode = error,
                    Topics =
                    [
                        .. (group.Topics ?? []).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopics
                        {
                            Name = topic.Name,
                            TopicId = topic.TopicId,
                            Partitions =
                            [
                                .. topic.PartitionIndexes.Select(partition => new OffsetFetchResponse.OffsetFetchResponsePartitions
                                {
                                    PartitionIndex = partition,
                                    CommittedOffset = -1,
                                    Metadata = "",
                                    ErrorCode = error,
                                }),
                            ],
                        }),
                    ],
                }),
            ],
        };
    }

    public static OffsetDeleteResponse Of(OffsetDeleteRequest request, ErrorCode error) => new()
    {
        ErrorCode = error,
        Topics =
        [
            .. request.Topics.Select(topic => new OffsetDeleteResponse.OffsetDeleteResponseTopic
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new OffsetDeleteResponse.OffsetDeleteResponsePartition
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                    }),
                ],
            }),
        ],
    };
}
