using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>
/// ListPartitionReassignments 0: the partitions that are on their way to other brokers, of all topics (null) or of those named. What does not
/// exist, or does not move, is left out without an error.
/// </summary>
[Serves(ApiKey.ListPartitionReassignments, 0, 0, ApiListeners.Controller)]
internal sealed class ListPartitionReassignmentsHandler : IControllerHandler<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>
{
    public Decision<ListPartitionReassignmentsResponse> Decide(ListPartitionReassignmentsRequest request, ControllerTurn turn)
    {
        if (!turn.Access.AllowsOnCluster(AclOperation.Describe))
            return Decision.Of(request.Refused(turn.Version, ErrorCode.ClusterAuthorizationFailed, AuthorizationTexts.Needs(AclOperation.Describe)));
        var image = turn.Image;
        var response = new ListPartitionReassignmentsResponse { ErrorMessage = null };
        if (request.Topics is { } wanted)
        {
            foreach (var topic in wanted)
            {
                if (image.FindTopic(topic.Name) is { } found) Add(response, found, topic.PartitionIndexes);
            }
        }
        else
        {
            foreach (var topic in image.Topics.Values) Add(response, topic, topic.Partitions.Keys);
        }
        return Decision.Of(response);
    }

    private static void Add(ListPartitionReassignmentsResponse response, TopicImage topic, IEnumerable<int> partitions)
    {
        var moving = new ListPartitionReassignmentsResponse.OngoingTopicReassignment { Name = topic.Name };
        foreach (var index in partitions)
        {
            if (!topic.Partitions.TryGetValue(index, out var partition) || (partition.AddingReplicas.IsEmpty && partition.RemovingReplicas.IsEmpty)) continue;
            moving.Partitions.Add(new()
            {
                PartitionIndex = index,
                Replicas = [.. partition.Replicas],
                AddingReplicas = [.. partition.AddingReplicas],
                RemovingReplicas = [.. partition.RemovingReplicas],
            });
        }
        if (moving.Partitions.Count > 0) response.Topics.Add(moving);
    }
}
