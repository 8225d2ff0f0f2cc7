using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Partitions moved to other brokers, and such moves given up, with Kafka's errors in Kafka's words.</summary>
internal sealed class ReassignmentDecisions(ControllerSettings settings, MetadataImage image)
{
    private readonly List<VersionedRecord> _records = [];
    private readonly LeaderElections _elections = new(settings, image);

    public Decision<AlterPartitionReassignmentsResponse> Alter(AlterPartitionReassignmentsRequest request)
    {
        if (request.Topics.Count == 0)
        {
            return Decision.Of(new AlterPartitionReassignmentsResponse { ErrorMessage = "" });
        }

        var mayChangeFactor = request.AllowReplicationFactorChange;
        var response = new AlterPartitionReassignmentsResponse { AllowReplicationFactorChange = mayChangeFactor, ErrorMessage = null };
        foreach (var topic in request.Topics)
        {
            var result = new AlterPartitionReassignmentsResponse.ReassignableTopicResponse { Name = topic.Name };
            response.Responses.Add(result);
            foreach (var partition in topic.Partitions)
            {
                var (error, message) = Alter(topic.Name, partition, mayChangeFactor);
                result.Partitions.Add(new() { PartitionIndex = partition.PartitionIndex, ErrorCode = error, ErrorMessage = message });
            }
        }

        return new(_records, response);
    }

    private (ErrorCode Error, string? Message) Alter(string name, AlterPartitionReassignmentsRequest.ReassignablePartition wanted, bool mayChangeFactor)
    {
        if (name.Length == 0 || image.FindTopic(name) is not { } topic)
        {
            return (ErrorCode.UnknownTopicOrPartition, $"Unable to find a topic named {name}.");
        }

        if (!topic.Partitions.TryGetValue(wanted.PartitionIndex, out var partition))
        {
            return (ErrorCode.UnknownTopicOrPartition, $"Unable to find partition {name}:{wanted.PartitionIndex}.");
        }

        return wanted.Replicas is null
            ? Cancel(topic, wanted.PartitionIndex, partition)
            : Move(topic, wanted.PartitionIndex, partition, wanted.Replicas, mayChangeFactor);
    }

    private (ErrorCode Error, string? Message) Cancel(TopicImage topic, int index, PartitionRegistration partition)
    {
        if (partition.AddingReplicas.IsEmpty && partition.RemovingReplicas.IsEmpty)
        {
            return (ErrorCode.NoReassignmentInProgress, null);
        }

        var reverted = PartitionReassignment.Reverted(partition, DirectoryOf);
        if (reverted.Isr.IsEmpty && !_elections.IsUncleanEnabled(topic))
        {
            return (ErrorCode.InvalidReplicaAssignment,
                $"Unable to revert partition assignment for {topic.Name}:{index} because it would require an unclean leader election.");
        }

        Write(topic, index, partition, reverted);
        return (ErrorCode.None, null);
    }

    private (ErrorCode Error, string? Message) Move(TopicImage topic, int index, PartitionRegistration partition, List<int> wanted, bool mayChangeFactor)
    {
        if (ReplicaAssignment.Problem(image, wanted, null) is { } problem)
        {
            return (ErrorCode.InvalidReplicaAssignment, problem);
        }

        var factor = partition.Replicas.Length - partition.AddingReplicas.Length;
        if (!mayChangeFactor && wanted.Count != factor)
        {
            return (ErrorCode.InvalidReplicationFactor, $"The replication factor is changed from {factor} to {wanted.Count}");
        }

        Write(topic, index, partition, PartitionReassignment.To(wanted, partition, DirectoryOf));
        return (ErrorCode.None, null);
    }

    private void Write(TopicImage topic, int index, PartitionRegistration partition, PartitionReassignment reassignment)
    {
        if (_elections.Reassign(topic, index, partition, reassignment) is { } change)
        {
            _records.Add(change);
        }
    }

    private Uuid DirectoryOf(int broker) => ReplicaAssignment.DefaultDirectory(image, broker);
}
