using System.Globalization;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Every key that the node advertises answers in every version that it advertises. A handler that fills what an old version has no place for would
/// have its connection closed: the writer refuses to drop it.
/// </summary>
public sealed class ServedVersionsTests : IAsyncLifetime
{
    private static readonly string[] Groups = ["g", "nobody"];

    private TestNode _node = null!;
    private MemoryClient _client = null!;
    private Uuid _id;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start(settings: ("group.initial.rebalance.delay.ms", "0"));
        _client = _node.Connect();
        _id = await _node.CreateTopic("t");
        _ = await Records.Send(_client, "t", Records.Batch(3));
        await Eventually.Is(AreGroupsServed);
    }

    private async Task<bool> AreGroupsServed()
    {
        var found = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        var listed = await _client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5);
        return (found.Coordinators[0].ErrorCode, listed.ErrorCode) == (ErrorCode.None, ErrorCode.None);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("CONTROLLER")]
    public async Task Each_version_of_each_key_is_answered(string listener)
    {
        var keys = (await _node.Connect(listener)
            .Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, 4)).ApiKeys;
        Assert.True(keys.Count >= 4, string.Create(CultureInfo.InvariantCulture, $"only {keys.Count} keys on {listener}"));
        var silent = new List<string>();
        foreach (var key in keys)
        {
            // Produce is advertised from 0 on, as Kafka does for the sake of a client library, and served from 3 on.
            for (var version = key.ApiKey == (short)ApiKey.Produce ? (short)3 : key.MinVersion; version <= key.MaxVersion; version++)
            {
                var client = _node.Connect(listener);
                await Post(client, (ApiKey)key.ApiKey, version);
                if (await client.Receive() is null) silent.Add(string.Create(CultureInfo.InvariantCulture, $"{(ApiKey)key.ApiKey} {version}"));
            }
        }
        Assert.True(silent.Count == 0, $"closed instead of an answer on {listener}: {string.Join(", ", silent)}");
    }

    private Task<int> Post(MemoryClient client, ApiKey key, short version) => key switch
    {
        ApiKey.Produce => client.Post(Produce(version), version),
        ApiKey.Fetch => client.Post(Fetch(version), version),
        ApiKey.ListOffsets =>
            client.Post(new ListOffsetsRequest { Topics = { new() { Name = "t", Partitions = { new() { Timestamp = -1 }, new() { PartitionIndex = 9 } } } } },
            version),
        ApiKey.Metadata => client.Post(
            new MetadataRequest
            {
                Topics = [new() { Name = "t" }, new() { Name = "nobody" }],
                AllowAutoTopicCreation = version < 4,
                IncludeTopicAuthorizedOperations = version >= 8,
                IncludeClusterAuthorizedOperations = version is >= 8 and <= 10,
            },
            version),
        ApiKey.OffsetCommit => client.Post(
            new OffsetCommitRequest
            {
                GroupId = "g",
                Topics = [new() { Name = "t", TopicId = _id, Partitions = [new() { CommittedOffset = 2 }, new() { PartitionIndex = 9 }] }],
            }, version),
        ApiKey.ConsumerGroupHeartbeat => client.Post(new ConsumerGroupHeartbeatRequest { GroupId = "g" }, version),
        ApiKey.ShareGroupHeartbeat => client.Post(new ShareGroupHeartbeatRequest { GroupId = "g" }, version),
        ApiKey.StreamsGroupHeartbeat => client.Post(new StreamsGroupHeartbeatRequest { GroupId = "g" }, version),
        ApiKey.OffsetFetch => client.Post(OffsetFetch(version), version),
        ApiKey.FindCoordinator =>
            client.Post(version >= 4 ? new FindCoordinatorRequest { CoordinatorKeys = [.. Groups] } : new FindCoordinatorRequest { Key = "g" }, version),
        ApiKey.JoinGroup => client.Post(Join(version), version),
        ApiKey.Heartbeat => client.Post(new HeartbeatRequest { GroupId = "g", MemberId = "m", GenerationId = 1 }, version),
        ApiKey.LeaveGroup => client.Post(
            version >= 3
                ? new LeaveGroupRequest { GroupId = "g", Members = { new() { MemberId = "m" } } }
                : new LeaveGroupRequest { GroupId = "g", MemberId = "m" }, version),
        ApiKey.SyncGroup => client.Post(new SyncGroupRequest { GroupId = "g", MemberId = "m", GenerationId = 1 }, version),
        ApiKey.DescribeGroups => client.Post(new DescribeGroupsRequest { Groups = [.. Groups], IncludeAuthorizedOperations = version >= 3 }, version),
        ApiKey.ListGroups => client.Post(new ListGroupsRequest(), version),
        ApiKey.ApiVersions => client.Post(new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }, version),
        ApiKey.CreateTopics => client.Post(
            new CreateTopicsRequest
            {
                Topics =
                {
                    new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 },
                    new() { Name = $"new{version}", NumPartitions = 1, ReplicationFactor = 1 },
                },
            }, version),
        ApiKey.DeleteTopics =>
            client.Post(version >= 6
            ? new DeleteTopicsRequest { TimeoutMs = 60_000, Topics = { new() { Name = "nobody" } } }
            : new DeleteTopicsRequest { TimeoutMs = 60_000, TopicNames = ["nobody"] }, version),
        ApiKey.InitProducerId => client.Post(new InitProducerIdRequest { TransactionalId = null }, version),
        ApiKey.OffsetForLeaderEpoch =>
            client.Post(new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = { new() { Topic = "t", Partitions = { new() { LeaderEpoch = 0 } } } } },
            version),
        ApiKey.DescribeConfigs => client.Post(
            new DescribeConfigsRequest
            {
                Resources = { new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = null } },
                IncludeSynonyms = true,
                IncludeDocumentation = version >= 3,
            }, version),
        ApiKey.DescribeQuorum =>
            client.Post(
            new DescribeQuorumRequest { Topics = { new() { TopicName = "__cluster_metadata", Partitions = { new(), new() { PartitionIndex = 5 } } } } },
            version),
        ApiKey.DescribeCluster =>
            client.Post(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true, IncludeFencedBrokers = version >= 2 }, version),
        ApiKey.DescribeTopicPartitions =>
            client.Post(new DescribeTopicPartitionsRequest { Topics = { new() { Name = "t" }, new() { Name = "nobody" } } }, version),
        ApiKey.DeleteRecords =>
            client.Post(new DeleteRecordsRequest { Topics = { new() { Name = "t", Partitions = { new() { Offset = 1 }, new() { PartitionIndex = 9 } } } } },
            version),
        ApiKey.AlterReplicaLogDirs =>
            client.Post(new AlterReplicaLogDirsRequest { Dirs = { new() { Path = "/nowhere", Topics = { new() { Name = "t", Partitions = { 0 } } } } } },
            version),
        ApiKey.DescribeLogDirs => client.Post(new DescribeLogDirsRequest { Topics = null }, version),
        ApiKey.CreatePartitions => client.Post(
            new CreatePartitionsRequest
            {
                TimeoutMs = 60_000,
                Topics = { new() { Name = "t", Count = 2, Assignments = null }, new() { Name = "nobody", Count = 2, Assignments = null } },
                ValidateOnly = true,
            }, version),
        ApiKey.DeleteGroups => client.Post(new DeleteGroupsRequest { GroupsNames = { "nobody" } }, version),
        ApiKey.ElectLeaders => client.Post(new ElectLeadersRequest { TopicPartitions = [new() { Topic = "t", Partitions = { 0, 9 } }] }, version),
        ApiKey.AlterPartitionReassignments => client.Post(
            new AlterPartitionReassignmentsRequest
            {
                AllowReplicationFactorChange = version == 0,
                Topics = { new() { Name = "t", Partitions = { new() { Replicas = [1] } } } },
            }, version),
        ApiKey.ListPartitionReassignments => client.Post(new ListPartitionReassignmentsRequest(), version),
        ApiKey.OffsetDelete => client.Post(new OffsetDeleteRequest { GroupId = "nobody", Topics = { new() { Name = "t", Partitions = { new() } } } }, version),
        ApiKey.UpdateFeatures =>
            client.Post(
            new UpdateFeaturesRequest { FeatureUpdates = { new() { Feature = FeatureNames.GroupVersion, MaxVersionLevel = 1 } }, ValidateOnly = version >= 1 },
            version),
        ApiKey.DescribeProducers => client.Post(new DescribeProducersRequest { Topics = { new() { Name = "t", PartitionIndexes = { 0, 9 } } } }, version),
        ApiKey.UnregisterBroker => client.Post(new UnregisterBrokerRequest { BrokerId = 99 }, version),
        ApiKey.IncrementalAlterConfigs => client.Post(
            new IncrementalAlterConfigsRequest
            {
                Resources = { new() { ResourceType = 2, ResourceName = "t", Configs = { new() { Name = "retention.ms", Value = "5" } } } },
                ValidateOnly = true,
            }, version),
        ApiKey.AlterConfigs => client.Post(
            new AlterConfigsRequest
            {
                Resources = { new() { ResourceType = 2, ResourceName = "t", Configs = { new() { Name = "retention.ms", Value = "5" } } } },
                ValidateOnly = true,
            }, version),
        ApiKey.DescribeClientQuotas =>
            client.Post(new DescribeClientQuotasRequest { Components = { new() { EntityType = "user", MatchType = 2, Match = null } } }, version),
        ApiKey.AlterClientQuotas => client.Post(
            new AlterClientQuotasRequest
            {
                Entries =
                    { new() { Entity = { new() { EntityType = "user", EntityName = null } }, Ops = { new() { Key = "producer_byte_rate", Value = 1 } } } },
                ValidateOnly = true,
            },
            version),
        ApiKey.DescribeUserScramCredentials => client.Post(new DescribeUserScramCredentialsRequest { Users = null }, version),
        ApiKey.AlterUserScramCredentials =>
            client.Post(new AlterUserScramCredentialsRequest { Deletions = { new() { Name = "nobody", Mechanism = 1 } } }, version),
        ApiKey.SaslHandshake => client.Post(new SaslHandshakeRequest { Mechanism = "PLAIN" }, version),
        ApiKey.SaslAuthenticate => client.Post(new SaslAuthenticateRequest { AuthBytes = new byte[3] }, version),
        ApiKey.DescribeAcls =>
            client.Post(new DescribeAclsRequest { ResourceTypeFilter = 1, PatternTypeFilter = 1, Operation = 1, PermissionType = 1 }, version),
        ApiKey.CreateAcls =>
            client.Post(
            new CreateAclsRequest
            {
                Creations = { new() { ResourceType = 2, ResourceName = "t", Principal = "User:a", Host = "*", Operation = 3, PermissionType = 3 } },
            }, version),
        ApiKey.DeleteAcls => client.Post(new DeleteAclsRequest { Filters = { new() { ResourceTypeFilter = 2, Operation = 3, PermissionType = 3 } } }, version),
        ApiKey.CreateDelegationToken => client.Post(new CreateDelegationTokenRequest(), version),
        ApiKey.RenewDelegationToken => client.Post(new RenewDelegationTokenRequest(), version),
        ApiKey.ExpireDelegationToken => client.Post(new ExpireDelegationTokenRequest(), version),
        ApiKey.DescribeDelegationToken => client.Post(new DescribeDelegationTokenRequest { Owners = null }, version),
        ApiKey.ListConfigResources => client.Post(new ListConfigResourcesRequest(), version),
        ApiKey.GetTelemetrySubscriptions => client.Post(new GetTelemetrySubscriptionsRequest { ClientInstanceId = new Uuid(1, 2) }, version),
        ApiKey.PushTelemetry => client.Post(new PushTelemetryRequest { ClientInstanceId = new Uuid(1, 2) }, version),
        _ => client.Post(FilledMessages.Request(key, version), version),
    };

    private ProduceRequest Produce(short version)
    {
        var request = Records.Produce("t", Records.Batch());
        if (version >= 13) (request.TopicData[0].Name, request.TopicData[0].TopicId) = ("", _id);
        return request;
    }

    private FetchRequest Fetch(short version)
    {
        var request = Records.Fetch("t", 0);
        request.SessionEpoch = version >= 7 ? 0 : -1;
        if (version >= 13) (request.Topics[0].Topic, request.Topics[0].TopicId) = ("", _id);
        return request;
    }

    private OffsetFetchRequest OffsetFetch(short version) => version >= 8
        ? new OffsetFetchRequest
        {
            Groups =
            {
                new() { GroupId = "g", Topics = null },
                new() { GroupId = "nobody", Topics = [new() { Name = "t", TopicId = _id, PartitionIndexes = [0] }] },
            },
        }
        : new OffsetFetchRequest { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [0, 9] }] };

    /// <summary>From 4 on a member without an id is sent away with one, before that it becomes the leader of its own group.</summary>
    private static JoinGroupRequest Join(short version) => new()
    {
        GroupId = $"joined{version}",
        ProtocolType = "consumer",
        SessionTimeoutMs = 300_000,
        RebalanceTimeoutMs = 300_000,
        Protocols = { new() { Name = "range" } },
    };
}
