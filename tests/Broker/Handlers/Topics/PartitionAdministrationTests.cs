using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>What the controller decides about partitions, features and brokers, as a client of the broker sees it.</summary>
public sealed class PartitionAdministrationTests() : NodeTests("t")
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task An_added_partition_takes_records_when_its_creation_is_answered(short version)
    {
        var request = new CreatePartitionsRequest { Topics = { new() { Name = "t", Count = 3, Assignments = null } }, TimeoutMs = 120_000 };
        var validated = new CreatePartitionsRequest { Topics = request.Topics, ValidateOnly = true, TimeoutMs = request.TimeoutMs };
        Assert.Equal(ErrorCode.None, (await Client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(validated, version)).Results[0].ErrorCode);
        Assert.Null(Node.Broker.Partitions.Find("t", 2));
        Assert.Equal(ErrorCode.None, (await Client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(request, version)).Results[0].ErrorCode);
        Assert.Equal(0, await Records.Send(Client, "t", Records.Batch(1), 2));
        var again = (await Client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(request, version)).Results[0];
        Assert.Equal((ErrorCode.InvalidPartitions, "Topic already has 3 partition(s)."), (again.ErrorCode, again.ErrorMessage));
    }

    [Fact]
    public async Task An_election_on_a_single_node_is_not_needed()
    {
        var request = new ElectLeadersRequest { TopicPartitions = [new() { Topic = "t", Partitions = [0] }] };
        for (short version = 0; version <= 2; version++)
        {
            var result = (await Client.Ask<ElectLeadersRequest, ElectLeadersResponse>(request, version)).ReplicaElectionResults[0];
            Assert.Equal(("t", ErrorCode.ElectionNotNeeded), (result.Topic, result.PartitionResult[0].ErrorCode));
        }
        var all = await Client.Ask<ElectLeadersRequest, ElectLeadersResponse>(new() { TopicPartitions = null }, 2);
        Assert.Equal(("t", 0), (Assert.Single(all.ReplicaElectionResults).Topic, all.ReplicaElectionResults[0].PartitionResult.Count));
    }

    [Fact]
    public async Task A_move_to_where_a_partition_is_ends_at_once_and_none_is_under_way()
    {
        for (short version = 0; version <= 1; version++)
        {
            var move =
                new AlterPartitionReassignmentsRequest { Topics = { new() { Name = "t", Partitions = { new() { PartitionIndex = 0, Replicas = [1] } } } } };
            Assert.Equal(ErrorCode.None,
                (await Client.Ask<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(move, version)).Responses[0].Partitions[
                0].ErrorCode);
        }
        foreach (
            var topics in (List<ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics>?[])[null,
            [new() { Name = "t", PartitionIndexes = [0] }, new() { Name = "nope" }]])
        {
            Assert.Empty((await Client.Ask<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(new() { Topics = topics }, 0)).Topics);
        }
    }

    [Fact]
    public async Task A_finalized_feature_level_is_what_ApiVersions_says_from_then_on()
    {
        for (short version = 0; version <= 2; version++)
        {
            var request = new UpdateFeaturesRequest { FeatureUpdates = { new() { Feature = "share.version", MaxVersionLevel = 2, UpgradeType = 1 } } };
            var response = await Client.Ask<UpdateFeaturesRequest, UpdateFeaturesResponse>(request, version);
            Assert.Equal((ErrorCode.None, version < 2 ? 1 : 0), (response.ErrorCode, response.Results.Count));
        }
        var lower = new UpdateFeaturesRequest { FeatureUpdates = { new() { Feature = "share.version", MaxVersionLevel = 1, UpgradeType = 2 } } };
        Assert.Equal(ErrorCode.None, (await Client.Ask<UpdateFeaturesRequest, UpdateFeaturesResponse>(lower, 2)).ErrorCode);
        var versions = await Client.Ask<ApiVersionsRequest, ApiVersionsResponse>(new() { ClientSoftwareName = "t", ClientSoftwareVersion = "1" }, 4);
        Assert.Equal(1, versions.FinalizedFeatures.Single(f => f.Name == "share.version").MaxVersionLevel);
    }

    [Fact]
    public async Task A_broker_that_is_unregistered_leads_nothing_and_is_no_controller()
    {
        Assert.Equal(ErrorCode.None, (await Client.Ask<UnregisterBrokerRequest, UnregisterBrokerResponse>(new() { BrokerId = 1 }, 0)).ErrorCode);
        var metadata = await Client.Ask<MetadataRequest, MetadataResponse>(new() { Topics = [new() { Name = "t" }] }, 12);
        Assert.Equal((0, -1, ErrorCode.LeaderNotAvailable, -1),
            (metadata.Brokers.Count, metadata.ControllerId, metadata.Topics[0].Partitions[0].ErrorCode, metadata.Topics[0].Partitions[0].LeaderId));
        var deleted = await Client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(new() { Topics = { new() { Name = "t", Partitions = { new() } } } }, 2);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, deleted.Topics[0].Partitions[0].ErrorCode);
        var producers =
            await Client.Ask<DescribeProducersRequest, DescribeProducersResponse>(new() { Topics = { new() { Name = "t", PartitionIndexes = { 0 } } } }, 0);
        Assert.Equal(ErrorCode.None, producers.Topics[0].Partitions[0].ErrorCode);
        var made = await Client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new() { Topics = { new() { Name = "u", NumPartitions = 1, ReplicationFactor = 1 } } }, 7);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, made.Topics[0].ErrorCode);
    }

    [Fact]
    public async Task A_broker_that_is_not_registered_cannot_be_unregistered()
    {
        var response = await Client.Ask<UnregisterBrokerRequest, UnregisterBrokerResponse>(new() { BrokerId = 9 }, 0);
        Assert.Equal((ErrorCode.BrokerIdNotRegistered, "Broker ID 9 is not currently registered"), (response.ErrorCode, response.ErrorMessage));
    }
}
