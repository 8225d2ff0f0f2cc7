using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Requests that lead an API to all that it asks of the rules. They name a topic that exists, one that does not, and a group.</summary>
internal static class AuthorizationProbes
{
    public const string Topic = "t";

    public const string MissingTopic = "missing";

    public const string Group = "g";

    private const string TransactionalId = "txn";

    private static readonly sbyte[] ConfigTypes = [2, 4, 8, 16, 32];

    /// <summary>The requests of a key, each with its version.</summary>
    public static IEnumerable<(IRequest Request, short Version)> Of(ApiKey key, ApiListeners listener, Uuid topicId)
    {
        var newest = ApiCatalog.Get(key).Versions.Max;
        return key switch
        {
            ApiKey.Produce => [(Produce(Transactional(), TransactionalId), 12), (Produce(Transactional(), null), 12), (Produce(Records.Batch(), null), 12)],
            ApiKey.Fetch => [(Records.Fetch(Topic, 0), 12), (Replica(Records.Fetch(Topic, 0)), 12)],
            ApiKey.ListOffsets => [(new ListOffsetsRequest { Topics = { new() { Name = Topic, Partitions = { new() { Timestamp = -1 } } } } }, newest)],
            ApiKey.Metadata =>
            [
                (new MetadataRequest { Topics = [new() { Name = Topic }, new() { Name = MissingTopic }], AllowAutoTopicCreation = true }, newest),
                (new MetadataRequest { Topics = [new() { TopicId = topicId, Name = null }] }, newest),
                (new MetadataRequest { Topics = null, AllowAutoTopicCreation = true }, newest),
                (new MetadataRequest { Topics = [], IncludeClusterAuthorizedOperations = true, AllowAutoTopicCreation = true }, 10),
            ],
            ApiKey.OffsetCommit =>
                [(new OffsetCommitRequest { GroupId = Group, Topics = [new() { Name = Topic, Partitions = [new() { CommittedOffset = 2 }] }] }, 9)],
            ApiKey.OffsetFetch =>
                [(new OffsetFetchRequest { Groups = { new() { GroupId = Group, Topics = [new() { Name = Topic, PartitionIndexes = [0] }] } } }, 9)],
            ApiKey.FindCoordinator =>
            [
                (new FindCoordinatorRequest { CoordinatorKeys = [Group] }, newest),
                (new FindCoordinatorRequest { KeyType = 1, CoordinatorKeys = [TransactionalId] }, newest),
                (new FindCoordinatorRequest { KeyType = 2, CoordinatorKeys = [$"{Group}:{topicId}:0"] }, newest),
            ],
            ApiKey.ListGroups => [(new ListGroupsRequest(), newest)],
            ApiKey.OffsetDelete => [(new OffsetDeleteRequest { GroupId = Group, Topics = { new() { Name = Topic, Partitions = { new() } } } }, newest)],
            ApiKey.CreateTopics =>
                [(new CreateTopicsRequest { TimeoutMs = 60_000, Topics = { new() { Name = "created", NumPartitions = 1, ReplicationFactor = 1 } } }, newest)],
            ApiKey.DeleteTopics => [(new DeleteTopicsRequest { TimeoutMs = 60_000, Topics = { new() { Name = Topic } } }, newest)],
            ApiKey.DeleteRecords => [(new DeleteRecordsRequest { Topics = { new() { Name = Topic, Partitions = { new() } } } }, newest)],
            ApiKey.InitProducerId =>
                [(new InitProducerIdRequest { TransactionalId = null }, 5), (new InitProducerIdRequest { TransactionalId = TransactionalId }, 5)],
            ApiKey.DescribeAcls => [(new DescribeAclsRequest { ResourceTypeFilter = 2, PatternTypeFilter = 3, Operation = 3, PermissionType = 3 }, newest)],
            ApiKey.CreateAcls =>
                [(new CreateAclsRequest
                {
                    Creations = { new() { ResourceType = 2, ResourceName = "a", Principal = "User:a", Host = "*", Operation = 3, PermissionType = 3 } },
                }, newest)],
            ApiKey.DeleteAcls => [(new DeleteAclsRequest { Filters = { new() { ResourceTypeFilter = 2, Operation = 3, PermissionType = 3 } } }, newest)],
            ApiKey.DescribeConfigs => [(new DescribeConfigsRequest { Resources = [.. ConfigTypes.Select(Described)] }, newest)],
            ApiKey.AlterConfigs =>
                [(new AlterConfigsRequest { ValidateOnly = true, Resources = [.. ConfigTypes.Where(static type => type != 8).Select(Altered)] }, newest)],
            ApiKey.IncrementalAlterConfigs =>
                [(new IncrementalAlterConfigsRequest { ValidateOnly = true, Resources = [.. ConfigTypes.Select(AlteredAlone)] }, newest)],
            ApiKey.DescribeCluster =>
                [(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true, EndpointType = (sbyte)(listener == ApiListeners.Controller ? 2 : 1) },
                newest)],
            ApiKey.UnregisterBroker => [(new UnregisterBrokerRequest { BrokerId = 77 }, newest)],
            ApiKey.ConsumerGroupHeartbeat => [(new ConsumerGroupHeartbeatRequest { GroupId = Group, SubscribedTopicNames = [Topic] }, newest)],
            ApiKey.ShareGroupHeartbeat => [(new ShareGroupHeartbeatRequest { GroupId = Group, SubscribedTopicNames = [Topic] }, newest)],
            ApiKey.StreamsGroupHeartbeat =>
                [(new StreamsGroupHeartbeatRequest
                {
                    GroupId = Group,
                    Topology = new() { Subtopologies = { new() { SubtopologyId = "0", SourceTopics = { Topic } } } },
                }, newest)],
            _ => [(FilledMessages.Request(key, newest), newest)],
        };
    }

    /// <summary>Commits an offset for a partition of each topic, so that there is a group.</summary>
    public static async Task Commit(TestNode node, string group, params string[] topics)
    {
        var client = node.Connect();
        var commit = new OffsetCommitRequest
        {
            GroupId = group,
            Topics = [
                .. topics.Select(static topic =>
                new OffsetCommitRequest.OffsetCommitRequestTopic { Name = topic, Partitions = [new() { CommittedOffset = 2 }] })],
        };
        await Eventually.Is(async () =>
        {
            _ = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = [group] }, 4);
            return (await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 9)).Topics.TrueForAll(static topic =>
                topic.Partitions[0].ErrorCode == ErrorCode.None);
        });
        client.CloseSending();
    }

    private static ProduceRequest Produce(byte[] batch, string? transactionalId)
    {
        var request = Records.Produce(Topic, batch);
        request.TransactionalId = transactionalId;
        return request;
    }

    private static byte[] Transactional()
    {
        using var builder = new RecordBatchBuilder { ProducerId = 5, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true };
        builder.Append(Records.StartMs, default, new byte[3]);
        return builder.ToArray();
    }

    private static FetchRequest Replica(FetchRequest request)
    {
        request.ReplicaId = 1;
        return request;
    }

    private static string NameOf(sbyte type) => type is 4 or 8 ? "1" : $"r{type}";

    private static DescribeConfigsRequest.DescribeConfigsResource Described(sbyte type) =>
        new() { ResourceType = type, ResourceName = NameOf(type), ConfigurationKeys = null };

    private static AlterConfigsRequest.AlterConfigsResource Altered(sbyte type) => new() { ResourceType = type, ResourceName = NameOf(type) };

    private static IncrementalAlterConfigsRequest.AlterConfigsResource AlteredAlone(sbyte type) => new() { ResourceType = type, ResourceName = NameOf(type) };
}
