using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Partitions added to topics that exist, with Kafka's errors in Kafka's words.</summary>
internal sealed class PartitionDecisions(MetadataImage image, Random random, MutationQuota quota, Access access)
{
    private readonly List<VersionedRecord> _records = [];

    public Decision<CreatePartitionsResponse> Create(CreatePartitionsRequest request)
    {
        var response = new CreatePartitionsResponse();
        var duplicates = request.Topics.GroupBy(t => t.Name, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key)
            .ToHashSet(StringComparer.Ordinal);
        response.Results.AddRange(duplicates.Select(name => Result(name, ErrorCode.InvalidRequest, "Duplicate topic name.")));
        var allowed = request.Topics.Where(t => !duplicates.Contains(t.Name)).ToLookup(t => access.AllowsOnTopic(AclOperation.Alter, t.Name));
        response.Results.AddRange(allowed[false].Select(t => Result(t.Name, ErrorCode.TopicAuthorizationFailed, null)));
        var wanted = allowed[true].ToList();
        // A count that would be a decrease is refused below; it makes no room for another topic's increase.
        var added = wanted.Sum(t => image.FindTopic(t.Name) is { } topic ? Math.Max(0, (long)t.Count - topic.Partitions.Count) : 0);
        response.Results.AddRange(wanted.Select(topic => added > ControllerSettings.MaxPartitionsPerRequest
            ? Result(topic.Name, ErrorCode.PolicyViolation, "Excessively large number of additional partitions per request.")
            : Create(topic)));
        return new(request.ValidateOnly ? [] : _records, response);
    }

    private CreatePartitionsResponse.CreatePartitionsTopicResult Create(CreatePartitionsRequest.CreatePartitionsTopic wanted)
    {
        if (wanted.Name.Length == 0 || image.FindTopic(wanted.Name) is not { } topic)
        {
            return Result(wanted.Name, ErrorCode.UnknownTopicOrPartition, null);
        }

        var current = topic.Partitions.Count;
        if (wanted.Count <= current)
        {
            return Result(wanted.Name, ErrorCode.InvalidPartitions, wanted.Count == current
                ? $"Topic already has {current} partition(s)."
                : $"The topic {wanted.Name} currently has {current} partition(s); {wanted.Count} would not be an increase.");
        }

        var additional = wanted.Count - current;
        var replicationFactor = topic.Partitions[0].Replicas.Length;
        List<List<int>>? placed;
        if (wanted.Assignments is { } assignments)
        {
            var problem = assignments.Count != additional
                ? $"Attempted to add {additional} additional partition(s), but only {assignments.Count} assignment(s) were specified."
                : assignments.Select((a, i) => ReplicaAssignment.ProblemOfNew(image, current + i, a.BrokerIds, replicationFactor))
                .FirstOrDefault(p => p is not null);
            if (problem is not null)
            {
                return Result(wanted.Name, ErrorCode.InvalidReplicaAssignment, problem);
            }

            placed = assignments.ConvertAll(a => a.BrokerIds);
        }
        else
        {
            placed = ReplicaPlacer.Place([.. image.Brokers.Values], additional, replicationFactor, random, out var problem);
            if (placed is null)
            {
                return Result(wanted.Name, ErrorCode.InvalidReplicationFactor, problem);
            }
        }

        if (!quota.TryTake(additional))
        {
            return Result(wanted.Name, ErrorCode.ThrottlingQuotaExceeded, null);
        }

        var version = image.MetadataVersion.PartitionRecordVersion;
        for (var i = 0; i < additional; i++)
        {
            _records.Add(new(ReplicaAssignment.NewPartition(image, placed[i]).ToRecord(topic.Id, current + i, version), version));
        }

        return Result(wanted.Name, ErrorCode.None, null);
    }

    private static CreatePartitionsResponse.CreatePartitionsTopicResult Result(string name, ErrorCode error, string? message) =>
        new() { Name = name, ErrorCode = error, ErrorMessage = message };
}
