using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// AlterReplicaLogDirs 1-2: moves replicas between the log directories of this node. A replica that is where it is wanted is done. No replica is moved
/// while the node runs: towards another directory of this node the answer is INVALID_REPLICA_ASSIGNMENT, towards a path that is none of its
/// directories LOG_DIR_NOT_FOUND. A topic whose name is too long for the folder that a move begins with is INVALID_TOPIC_EXCEPTION, wherever it is to go.
/// </summary>
[Serves(ApiKey.AlterReplicaLogDirs, 1, 2)]
public sealed class AlterReplicaLogDirsHandler(PartitionTable partitions, IReadOnlyList<LogDirectory> directories)
    : IHandler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse>
{
    private const int MaxFolderName = 255, IdDigits = 32;

    public ValueTask<AlterReplicaLogDirsResponse?> Handle(AlterReplicaLogDirsRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.Alter))
            return ValueTask.FromResult<AlterReplicaLogDirsResponse?>(request.Refused(context.ApiVersion, ErrorCode.ClusterAuthorizationFailed));
        // Of a partition named under several directories the last one counts.
        var wanted = new OrderedDictionary<TopicPartition, string>();
        foreach (var directory in request.Dirs)
        {
            foreach (var topic in directory.Topics)
            {
                foreach (var index in topic.Partitions) wanted[new TopicPartition(topic.Name, index)] = directory.Path;
            }
        }
        var response = new AlterReplicaLogDirsResponse();
        foreach (var topic in wanted.GroupBy(static entry => entry.Key.Topic, StringComparer.Ordinal))
        {
            response.Results.Add(new()
            {
                TopicName = topic.Key,
                Partitions = [.. topic.Select(entry => new AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult
                {
                    PartitionIndex = entry.Key.Partition,
                    ErrorCode = Move(entry.Key, entry.Value),
                })],
            });
        }
        return ValueTask.FromResult<AlterReplicaLogDirsResponse?>(response);
    }

    /// <summary>Whether the folder of a log that is to take the place of the present one (its name, an id and a suffix) may be called so.</summary>
    private static bool FitsFuture(TopicPartition partition) =>
        $"{partition.Topic}-{partition.Partition}.".Length + IdDigits + "-future".Length <= MaxFolderName;

    private ErrorCode Move(TopicPartition partition, string path)
    {
        if (!FitsFuture(partition)) return ErrorCode.InvalidTopicException;
        if (directories.FirstOrDefault(directory => Path.GetFullPath(directory.Path) == path) is not { } directory) return ErrorCode.LogDirNotFound;
        if (directory.Health.IsFailed) return ErrorCode.KafkaStorageError;
        if (partitions.Find(partition.Topic, partition.Partition) is null) return partitions.MissingError(partition.Topic, partition.Partition);
        return directory.Find(partition) is null ? ErrorCode.InvalidReplicaAssignment : ErrorCode.None;
    }
}
