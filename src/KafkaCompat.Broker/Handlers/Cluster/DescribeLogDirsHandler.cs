using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// DescribeLogDirs 1-5: what each log directory holds of all topics (null) or of the partitions named; from 4 on the size of its volume and what is
/// free of it, from 5 on whether it takes no new partitions. A directory that has failed, or could not be opened, is KAFKA_STORAGE_ERROR.
/// Partitions that are not here are left out without an error.
/// </summary>
[Serves(ApiKey.DescribeLogDirs, 1, 5)]
public sealed class DescribeLogDirsHandler(PartitionTable partitions, IReadOnlyList<LogDirectory> directories, BrokerMetadata metadata, ServerConfig config)
    : IHandler<DescribeLogDirsRequest, DescribeLogDirsResponse>
{
    /// <summary>The first version with an error for the request as a whole.</summary>
    private const short ErrorSince = 3;

    public ValueTask<DescribeLogDirsResponse?> Handle(DescribeLogDirsRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.Describe))
        {
            // Versions before 3 have no place for the error: the answer is empty.
            var refusal = new DescribeLogDirsResponse { ErrorCode = context.ApiVersion >= ErrorSince ? ErrorCode.ClusterAuthorizationFailed : ErrorCode.None };
            return ValueTask.FromResult<DescribeLogDirsResponse?>(refusal);
        }
        var response = new DescribeLogDirsResponse { Results = new(config.LogDirs.Count) };
        var wanted = request.Topics?.GroupBy(static topic => topic.Topic, StringComparer.Ordinal)
            .ToDictionary(static topic => topic.Key, static topic => topic.SelectMany(static t => t.Partitions).ToHashSet(), StringComparer.Ordinal);
        foreach (var path in config.LogDirs)
        {
            var directory = directories.FirstOrDefault(directory => directory.Path == path);
            response.Results.Add(directory is null || directory.Health.IsFailed
                ? new() { LogDir = Path.GetFullPath(path), ErrorCode = ErrorCode.KafkaStorageError }
                : Describe(directory, wanted));
        }
        return ValueTask.FromResult<DescribeLogDirsResponse?>(response);
    }

    private DescribeLogDirsResponse.DescribeLogDirsResult Describe(LogDirectory directory, Dictionary<string, HashSet<int>>? wanted)
    {
        var (total, usable) = directory.Environment.Files.Space(directory.Path);
        var result = new DescribeLogDirsResponse.DescribeLogDirsResult
        {
            LogDir = Path.GetFullPath(directory.Path),
            TotalBytes = total,
            UsableBytes = usable,
            IsCordoned = IsCordoned(directory),
        };
        foreach (var topic in directory.Logs.Concat(directory.Futures).Where(log => wanted is null || IsWanted(wanted, log.Partition))
            .GroupBy(static log => log.Partition.Topic, StringComparer.Ordinal))
        {
            result.Topics.Add(new()
            {
                Name = topic.Key,
                Partitions = [.. topic.OrderBy(static log => log.Partition.Partition).Select(log => new DescribeLogDirsResponse.DescribeLogDirsPartition
                {
                    PartitionIndex = log.Partition.Partition,
                    PartitionSize = log.SizeInBytes,
                    OffsetLag = Math.Max(0, (partitions.Find(topic.Key, log.Partition.Partition)?.HighWatermark ?? 0) - log.LogEndOffset),
                    IsFutureKey = directory.Find(log.Partition) != log,
                })],
            });
        }
        return result;
    }

    private static bool IsWanted(Dictionary<string, HashSet<int>> wanted, TopicPartition partition) =>
        wanted.TryGetValue(partition.Topic, out var indexes) && indexes.Contains(partition.Partition);

    private bool IsCordoned(LogDirectory directory) =>
        directory.Meta?.DirectoryId is { } id && metadata.Current.Brokers.GetValueOrDefault(config.NodeId)?.CordonedLogDirs?.Contains(id) == true;
}
