using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Which directory of a broker holds each of its replicas, as the broker reports it.</summary>
internal sealed class DirectoryDecisions(ControllerSettings settings, MetadataImage image)
{
    private readonly LeaderElections _elections = new(settings, image);

    public Decision<AssignReplicasToDirsResponse> Assign(AssignReplicasToDirsRequest request)
    {
        if (!image.MetadataVersion.IsDirectoryAssignmentSupported)
        {
            return Refused(ErrorCode.UnsupportedVersion);
        }

        if (!image.Brokers.TryGetValue(request.BrokerId, out var broker) || broker.Epoch != request.BrokerEpoch)
        {
            return Refused(ErrorCode.StaleBrokerEpoch);
        }

        var records = new List<VersionedRecord>();
        var response = new AssignReplicasToDirsResponse();
        foreach (var directory in request.Directories)
        {
            var answered = new AssignReplicasToDirsResponse.DirectoryData { Id = directory.Id };
            response.Directories.Add(answered);
            foreach (var topic in directory.Topics)
            {
                var partitions = topic.Partitions.Select(p => new AssignReplicasToDirsResponse.PartitionData
                {
                    PartitionIndex = p.PartitionIndex,
                    ErrorCode = Assign(broker, directory.Id, topic.TopicId, p.PartitionIndex, records),
                });
                answered.Topics.Add(new() { TopicId = topic.TopicId, Partitions = [.. partitions] });
            }
        }

        return new(records, response) { IsAtomic = false };
    }

    private ErrorCode Assign(BrokerRegistration broker, Uuid directory, Uuid topicId, int index, List<VersionedRecord> records)
    {
        var topic = image.FindTopic(topicId);
        if (topic is null)
        {
            return ErrorCode.UnknownTopicId;
        }

        if (!topic.Partitions.TryGetValue(index, out var partition))
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        var at = partition.Replicas.IndexOf(broker.Id);
        if (at < 0)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        if (partition.Directories[at] == directory)
        {
            return ErrorCode.None;
        }

        // A directory that went offline meanwhile takes the leadership with it.
        var change = broker.HasOnline(directory) ? null : _elections.ReplicaGone(topic, index, partition, broker.Id)?.Message as PartitionChangeRecord;
        change ??= new PartitionChangeRecord { TopicId = topicId, PartitionId = index };
        change.Directories = [.. partition.Directories.SetItem(at, directory)];
        records.Add(new(change, image.MetadataVersion.PartitionChangeRecordVersion));
        return ErrorCode.None;
    }

    private static Decision<AssignReplicasToDirsResponse> Refused(ErrorCode error) => Decision.Of(new AssignReplicasToDirsResponse { ErrorCode = error });
}
