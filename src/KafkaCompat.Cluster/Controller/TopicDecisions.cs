using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.MetadataRecords;
using KafkaCompat.Protocol.Names;

namespace KafkaCompat.Cluster.Controller;

/// <summary>Creation and deletion of topics, with Kafka's errors in Kafka's words.</summary>
internal sealed class TopicDecisions(ControllerSettings settings, MetadataImage image, Random random, MutationQuota quota, Access access)
{
    private readonly List<VersionedRecord> _records = [];
    /// <summary>Topics whose settings the client may not see.</summary>
    private readonly HashSet<string> _hiddenConfigs = new(StringComparer.Ordinal);

    private Dictionary<string, string>? _unifiedNames;

    public Decision<CreateTopicsResponse> Create(CreateTopicsRequest request)
    {
        var response = new CreateTopicsResponse();
        var duplicates = request.Topics.GroupBy(t => t.Name, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key)
            .ToHashSet(StringComparer.Ordinal);
        var mayCreateAll = access.AllowsOnCluster(AclOperation.Create);
        var allowed = request.Topics
            .Where(t => !duplicates.Contains(t.Name)
                && (mayCreateAll || t.Name == InternalTopics.ClusterMetadata || access.AllowsOnTopic(AclOperation.Create, t.Name)))
            .ToHashSet();
        _hiddenConfigs.UnionWith(request.Topics.Select(t => t.Name)
            .Where(name => !duplicates.Contains(name) && !access.AllowsOnTopic(AclOperation.DescribeConfigs, name)));
        var wanted = allowed.Sum(t => (long)Math.Max(1, PartitionsOf(t)));
        foreach (var topic in request.Topics)
        {
            if (allowed.Contains(topic))
            {
                response.Topics.Add(wanted > ControllerSettings.MaxPartitionsPerRequest
                    ? Failed(topic.Name, ErrorCode.PolicyViolation, "Excessively large number of partitions per request.")
                    : Create(topic));
            }
        }

        response.Topics.AddRange(duplicates.Select(name => Failed(name, ErrorCode.InvalidRequest, "Duplicate topic name.")));
        response.Topics.AddRange(request.Topics.Where(t => !duplicates.Contains(t.Name) && !allowed.Contains(t))
            .Select(t => Failed(t.Name, ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Creation)));
        return new(request.ValidateOnly ? [] : _records, response);
    }

    public Decision<DeleteTopicsResponse> Delete(DeleteTopicsRequest request, short version)
    {
        var response = new DeleteTopicsResponse();
        var wanted = version >= 6
            ? request.Topics
            : request.TopicNames.ConvertAll(name => new DeleteTopicsRequest.DeleteTopicState { Name = name });
        var names = wanted.Where(t => t.Name is not null && t.TopicId == Uuid.Zero).GroupBy(t => t.Name!, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        var ids = wanted.Where(t => t.Name is null).GroupBy(t => t.TopicId).ToDictionary(g => g.Key, g => g.Count());
        var rights = new DeletionRights(access);
        var told = new HashSet<string>(StringComparer.Ordinal);
        var toldIds = new HashSet<Uuid>();
        foreach (var topic in wanted)
        {
            var hasId = topic.TopicId != Uuid.Zero;
            if (topic.Name is null && !hasId)
            {
                response.Responses.Add(NotDeleted(null, Uuid.Zero, ErrorCode.InvalidRequest, "Neither topic name nor id were specified."));
            }
            else if (topic.Name is not null && hasId)
            {
                response.Responses.Add(NotDeleted(topic.Name, topic.TopicId, ErrorCode.InvalidRequest, "You may not specify both topic name and topic id."));
            }
            else if (topic.Name is { } name)
            {
                if (told.Add(name))
                {
                    response.Responses.Add(names[name] > 1
                        ? NotDeleted(name, Uuid.Zero, ErrorCode.InvalidRequest, "Duplicate topic name.")
                        : Delete(name, rights, id => ids.ContainsKey(id)));
                }
            }
            else if (toldIds.Add(topic.TopicId))
            {
                var result = ids[topic.TopicId] > 1
                    ? NotDeleted(null, topic.TopicId, ErrorCode.InvalidRequest, "Duplicate topic id.")
                    : Delete(topic.TopicId, rights, name => names.GetValueOrDefault(name) == 1);
                if (result is not null) response.Responses.Add(result);
            }
        }

        return new(_records, response);
    }

    /// <summary>How many partitions a topic asks for, by itself, by the places that it names, or by leaving it to <c>num.partitions</c>.</summary>
    private int PartitionsOf(CreateTopicsRequest.CreatableTopic topic) =>
        topic.Assignments.Count > 0
            ? topic.Assignments.Count
            : topic.NumPartitions > 0 ? topic.NumPartitions : topic.NumPartitions == -1 ? settings.DefaultPartitions : 0;

    /// <summary>A client that may not describe a topic does not learn whether it exists.</summary>
    private DeleteTopicsResponse.DeletableTopicResult Delete(string name, DeletionRights rights, Func<Uuid, bool> isGivenById)
    {
        if (!rights.MayDescribe(name))
        {
            return NotDeleted(name, Uuid.Zero, ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic);
        }

        if (name.Length == 0 || image.FindTopic(name) is not { } topic)
        {
            return NotDeleted(name, Uuid.Zero, ErrorCode.UnknownTopicOrPartition, "This server does not host this topic-partition.");
        }

        if (!rights.MayDelete(name))
        {
            return NotDeleted(name, Uuid.Zero, ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic);
        }

        return isGivenById(topic.Id)
            ? NotDeleted(name, topic.Id, ErrorCode.InvalidRequest, "The provided topic name maps to an ID that was already supplied.")
            : Delete(topic);
    }

    /// <summary>
    /// Whoever may delete a topic need not be able to describe it. Only a client that may describe it gets its name. Null where the topic is answered by its
    /// name, because the request has both.
    /// </summary>
    private DeleteTopicsResponse.DeletableTopicResult? Delete(Uuid id, DeletionRights rights, Func<string, bool> isGivenByName)
    {
        if (image.FindTopic(id) is not { } topic)
        {
            return NotDeleted(null, id, ErrorCode.UnknownTopicId, "This server does not host this topic ID.");
        }

        if (!rights.MayDelete(topic.Name))
        {
            return NotDeleted(rights.MayDescribe(topic.Name) ? topic.Name : null, id, ErrorCode.TopicAuthorizationFailed, AuthorizationTexts.Topic);
        }

        return isGivenByName(topic.Name) && rights.MayDescribe(topic.Name) ? null : Delete(topic);
    }

    private DeleteTopicsResponse.DeletableTopicResult Delete(TopicImage topic)
    {
        if (!quota.TryTake(topic.Partitions.Count))
        {
            return NotDeleted(topic.Name, topic.Id, ErrorCode.ThrottlingQuotaExceeded, null);
        }

        _records.Add(new(new RemoveTopicRecord { TopicId = topic.Id }, 0));
        return new DeleteTopicsResponse.DeletableTopicResult { Name = topic.Name, TopicId = topic.Id };
    }

    private static DeleteTopicsResponse.DeletableTopicResult NotDeleted(string? name, Uuid id, ErrorCode error, string? message) =>
        new() { Name = name, TopicId = id, ErrorCode = error, ErrorMessage = message };

    private CreateTopicsResponse.CreatableTopicResult Create(CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.Name == InternalTopics.ClusterMetadata)
        {
            return Failed(topic.Name, ErrorCode.InvalidRequest, $"Creation of internal topic {topic.Name} is prohibited.");
        }

        if (TopicNames.Check(topic.Name) is { } badName)
        {
            return Failed(topic.Name, ErrorCode.InvalidTopicException, badName);
        }

        if (image.FindTopic(topic.Name) is not null)
        {
            return Failed(topic.Name, ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        }

        if (TopicNames.HasCollisionChars(topic.Name) && UnifiedNames.TryGetValue(TopicNames.Unified(topic.Name), out var existing))
        {
            return Failed(topic.Name, ErrorCode.InvalidTopicException, $"Topic '{topic.Name}' collides with existing topic: {existing}");
        }

        if (CheckConfigs(topic, out var configs) is { } badConfig)
        {
            return Failed(topic.Name, ErrorCode.InvalidConfig, badConfig);
        }

        var assignments = topic.Assignments.Count > 0 ? Manual(topic, out var failure) : Placed(topic, out failure);
        return assignments is null ? failure!
            : quota.TryTake(assignments.Count) ? Create(topic.Name, configs, assignments)
            : Failed(topic.Name, ErrorCode.ThrottlingQuotaExceeded, null);
    }

    private CreateTopicsResponse.CreatableTopicResult Create(string name, SortedDictionary<string, string> configs, List<List<int>> assignments)
    {
        var id = NewTopicId();
        _records.Add(new(new TopicRecord { Name = name, TopicId = id }, 0));
        foreach (var (key, value) in configs)
        {
            _records.Add(new(new ConfigRecord { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = name, Name = key, Value = value }, 0));
        }

        var version = image.MetadataVersion.PartitionRecordVersion;
        for (var i = 0; i < assignments.Count; i++)
        {
            _records.Add(new(ReplicaAssignment.NewPartition(image, assignments[i]).ToRecord(id, i, version), version));
        }

        if (_hiddenConfigs.Contains(name))
        {
            return new CreateTopicsResponse.CreatableTopicResult
            {
                Name = name,
                TopicId = id,
                ErrorMessage = null,
                TopicConfigErrorCode = ErrorCode.TopicAuthorizationFailed,
            };
        }

        return new CreateTopicsResponse.CreatableTopicResult
        {
            Name = name,
            TopicId = id,
            ErrorMessage = null,
            NumPartitions = assignments.Count,
            ReplicationFactor = (short)assignments[0].Count,
            Configs = settings.TopicConfigs.Describe(configs, image.ConfigsOf(ConfigResource.AllBrokers))
                .Select(c => new CreateTopicsResponse.CreatableTopicConfigs
                {
                    Name = c.Name,
                    Value = c.Value,
                    ConfigSource = c.Source,
                    IsSensitive = c.IsSensitive,
                }).ToList(),
        };
    }

    private string? CheckConfigs(CreateTopicsRequest.CreatableTopic topic, out SortedDictionary<string, string> configs)
    {
        configs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var nulls = new List<string>();
        foreach (var config in topic.Configs)
        {
            if (config.Value is null)
            {
                nulls.Add(config.Name);
            }
            else
            {
                configs[config.Name] = config.Value;
            }
        }

        return nulls.Count > 0 ? $"Null value not supported for topic configs: {string.Join(",", nulls)}" : settings.TopicConfigs.Check(configs);
    }

    private List<List<int>>? Manual(CreateTopicsRequest.CreatableTopic topic, out CreateTopicsResponse.CreatableTopicResult? failure)
    {
        failure = topic.ReplicationFactor != -1
            ? Failed(topic.Name, ErrorCode.InvalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.")
            : topic.NumPartitions != -1
                ? Failed(topic.Name, ErrorCode.InvalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.")
                : null;
        if (failure is not null)
        {
            return null;
        }

        var byIndex = new SortedDictionary<int, List<int>>();
        foreach (var assignment in topic.Assignments)
        {
            var problem = byIndex.ContainsKey(assignment.PartitionIndex)
                ? $"Found multiple manual partition assignments for partition {assignment.PartitionIndex}"
                : ReplicaAssignment.ProblemOfNew(
                    image, assignment.PartitionIndex, assignment.BrokerIds, byIndex.Count > 0 ? byIndex.First().Value.Count : null);
            if (problem is not null)
            {
                failure = Failed(topic.Name, ErrorCode.InvalidReplicaAssignment, problem);
                return null;
            }

            byIndex[assignment.PartitionIndex] = assignment.BrokerIds;
        }

        if (byIndex.Keys.First() != 0 || byIndex.Keys.Last() != byIndex.Count - 1)
        {
            failure = Failed(topic.Name, ErrorCode.InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence");
            return null;
        }

        return [.. byIndex.Values];
    }

    private List<List<int>>? Placed(CreateTopicsRequest.CreatableTopic topic, out CreateTopicsResponse.CreatableTopicResult? failure)
    {
        failure = topic.ReplicationFactor is < -1 or 0
            ? Failed(topic.Name, ErrorCode.InvalidReplicationFactor, "Replication factor must be larger than 0, or -1 to use the default value.")
            : topic.NumPartitions is < -1 or 0
                ? Failed(topic.Name, ErrorCode.InvalidPartitions, "Number of partitions was set to an invalid non-positive value.")
                : null;
        if (failure is not null)
        {
            return null;
        }

        var partitions = topic.NumPartitions == -1 ? settings.DefaultPartitions : topic.NumPartitions;
        int replicas = topic.ReplicationFactor == -1 ? settings.DefaultReplicationFactor : topic.ReplicationFactor;
        var placed = ReplicaPlacer.Place([.. image.Brokers.Values], partitions, replicas, random, out var problem);
        if (placed is null)
        {
            failure = Failed(topic.Name, ErrorCode.InvalidReplicationFactor, $"Unable to replicate the partition {replicas} time(s): {problem}");
        }

        return placed;
    }

    /// <summary>Names that hold '.' or '_', by how metrics write them.</summary>
    private Dictionary<string, string> UnifiedNames
    {
        get
        {
            if (_unifiedNames is null)
            {
                _unifiedNames = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var name in image.Topics.Keys.Where(TopicNames.HasCollisionChars))
                {
                    _unifiedNames.TryAdd(TopicNames.Unified(name), name);
                }
            }

            return _unifiedNames;
        }
    }

    private Uuid NewTopicId()
    {
        while (true)
        {
            var id = RandomIds.Next(random);
            if (!image.TopicsById.ContainsKey(id))
            {
                return id;
            }
        }
    }

    private static CreateTopicsResponse.CreatableTopicResult Failed(string name, ErrorCode error, string? message) =>
        new() { Name = name, ErrorCode = error, ErrorMessage = message, NumPartitions = -1, ReplicationFactor = -1, Configs = [] };
}
