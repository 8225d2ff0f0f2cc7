using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Testing;

/// <summary>Refusals of what administers where partitions lie.</summary>
internal static class TopicErrors
{
    /// <summary>A topic that is asked for in several directories is answered once.</summary>
    public static AlterReplicaLogDirsResponse Of(AlterReplicaLogDirsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Dirs.SelectMany(static dir => dir.Topics).GroupBy(static topic => topic.Name, StringComparer.Ordinal)
                .Select(topic => new AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult
            {
                TopicName = topic.Key,
                Partitions =
                [
                    .. topic.SelectMany(static part => part.Partitions).Distinct()
                        .Select(partition => new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult
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
