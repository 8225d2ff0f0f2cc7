using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Leader elections that an operator asks for: of the preferred replica (0), or of any live one where there is no leader (1).</summary>
internal sealed class ElectionDecisions(ControllerSettings settings, MetadataImage image)
{
    private const sbyte Preferred = 0;
    private const sbyte Unclean = 1;

    private readonly List<VersionedRecord> _records = [];
    private readonly LeaderElections _elections = new(settings, image);

    /// <summary>Elects in the partitions named, or in all; of all partitions only those that needed an election are answered.</summary>
    public Decision<ElectLeadersResponse> Elect(ElectLeadersRequest request)
    {
        var response = new ElectLeadersResponse();
        if (request.ElectionType is not (Preferred or Unclean))
        {
            response.ErrorCode = ErrorCode.InvalidRequest;
            response.ReplicaElectionResults.AddRange((request.TopicPartitions ?? []).Select(topic =>
                Results(topic.Topic, topic.Partitions.Select(p => Result(p, ErrorCode.InvalidRequest, $"Unknown election type {request.ElectionType}")))));
            return Decision.Of(response);
        }

        var isUnclean = request.ElectionType == Unclean;
        response.ReplicaElectionResults.AddRange(request.TopicPartitions is { } wanted
            ? wanted.Select(topic => Results(topic.Topic, topic.Partitions.Select(p => Elect(topic.Topic, p, isUnclean))))
            : image.Topics.Values.Select(topic => Results(
                topic.Name,
                topic.Partitions.Keys.Select(p => Elect(topic.Name, p, isUnclean)).Where(result => result.ErrorCode != ErrorCode.ElectionNotNeeded))));
        return new(_records, response);
    }

    private ElectLeadersResponse.PartitionResult Elect(string name, int index, bool isUnclean)
    {
        if (name.Length == 0 || image.FindTopic(name) is not { } topic)
        {
            return Result(index, ErrorCode.UnknownTopicOrPartition, $"No such topic as {name}");
        }

        if (!topic.Partitions.TryGetValue(index, out var partition))
        {
            return Result(index, ErrorCode.UnknownTopicOrPartition, $"No such partition as {name}-{index}");
        }

        if (isUnclean ? partition.HasLeader : partition.Leader == partition.Replicas[0])
        {
            return Result(index, ErrorCode.ElectionNotNeeded, "Leader election not needed for topic partition.");
        }

        if (_elections.Elect(topic, index, partition, isUnclean) is not { } change)
        {
            return isUnclean
                ? Result(index, ErrorCode.EligibleLeadersNotAvailable, "Eligible topic partition leaders are not available.")
                : Result(index, ErrorCode.PreferredLeaderNotAvailable, "The preferred leader was not available.");
        }

        _records.Add(change);
        return Result(index, ErrorCode.None, null);
    }

    private static ElectLeadersResponse.ReplicaElectionResult Results(string topic, IEnumerable<ElectLeadersResponse.PartitionResult> results) =>
        new() { Topic = topic, PartitionResult = [.. results] };

    private static ElectLeadersResponse.PartitionResult Result(int partition, ErrorCode error, string? message) =>
        new() { PartitionId = partition, ErrorCode = error, ErrorMessage = message };
}
