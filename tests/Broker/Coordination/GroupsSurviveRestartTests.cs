using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>A whole node, its quorum included, is stopped and started on the same disk: groups, members and offsets are there.</summary>
public sealed class GroupsSurviveRestartTests
{
    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("1")]
    public async Task Members_go_on_in_their_generation_and_offsets_are_found(string flushMessages)
    {
        var settings = ("log.flush.interval.messages", flushMessages);
        var files = new ForgetfulFileStore(TimeProvider.System);
        string member;
        await using (var node = await Start(files, settings))
        {
            var client = Connect(node);
            var created = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
                new() { Topics = [new() { Name = "orders", NumPartitions = 2, ReplicationFactor = 1 }] }, 7);
            Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
            await FindCoordinator(client);
            member = await JoinAndSync(client);
            var commit = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(
                new()
                {
                    GroupId = "g",
                    MemberId = member,
                    GenerationIdOrMemberEpoch = 1,
                    Topics = [new() { Name = "orders", Partitions = [new() { PartitionIndex = 1, CommittedOffset = 17, CommittedMetadata = "here" }] }],
                },
                9);
            Assert.Equal(ErrorCode.None, commit.Topics[0].Partitions[0].ErrorCode);
        }
        await using (var node = await Start(files, settings))
        {
            var client = Connect(node);
            await FindCoordinator(client);
            var described = (await client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = ["g"] }, 6)).Groups[0];
            Assert.Equal(("Stable", "range"), (described.GroupState, described.ProtocolData));
            Assert.Equal((member, (byte)9), (described.Members[0].MemberId, described.Members[0].MemberAssignment.Single()));
            var heartbeat = await client.Ask<HeartbeatRequest, HeartbeatResponse>(new() { GroupId = "g", MemberId = member, GenerationId = 1 }, 4);
            Assert.Equal(ErrorCode.None, heartbeat.ErrorCode);
            var fetched = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { Groups = [new() { GroupId = "g", Topics = null }] }, 9);
            var offset = fetched.Groups[0].Topics.Single().Partitions.Single();
            Assert.Equal((1, 17L, "here"), (offset.PartitionIndex, offset.CommittedOffset, offset.Metadata));
        }
    }

    /// <summary>
    /// With <c>log.flush.interval.messages=1</c> what is acknowledged is on the disk, whatever the checkpoint of the high watermark knows of it.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Acknowledged_commits_survive_a_power_cut_where_every_message_is_flushed(int seed)
    {
        var files = new ForgetfulFileStore(TimeProvider.System);
        var node = await Start(files, ("log.flush.interval.messages", "1"));
        var client = Connect(node);
        var created = await client.Ask<CreateTopicsRequest, CreateTopicsResponse>(
            new() { Topics = [new() { Name = "orders", NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        Assert.Equal(ErrorCode.None, created.Topics[0].ErrorCode);
        await FindCoordinator(client);
        for (var offset = 1; offset <= 3; offset++)
        {
            var commit = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(
                new() { GroupId = "g", Topics = [new() { Name = "orders", Partitions = [new() { PartitionIndex = 0, CommittedOffset = offset }] }] }, 9);
            Assert.Equal(ErrorCode.None, commit.Topics[0].Partitions[0].ErrorCode);
        }
        var afterwards = files.Crash(seed);
        await Abandon(node);
        await using var next = await Start(afterwards, ("log.flush.interval.messages", "1"));
        client = Connect(next);
        await FindCoordinator(client);
        var fetched = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { Groups = [new() { GroupId = "g", Topics = null }] }, 9);
        Assert.Equal(3, fetched.Groups[0].Topics.Single().Partitions.Single().CommittedOffset);
    }

    /// <summary>Ends the tasks of a node whose disk is gone, so that it cannot end in order.</summary>
    private static async Task Abandon(BrokerNode node)
    {
        try
        {
            await node.DisposeAsync();
        }
        catch (IOException)
        {
            // The power is off.
        }
    }

    private static Task<BrokerNode> Start(IFileStore files, params (string Name, string Value)[] settings)
    {
        var config = TestNode.ConfigOf([.. settings, ("group.initial.rebalance.delay.ms", "0")]);
        return BrokerNode.StartAsync(config, files, TimeProvider.System, new Random(1), NullLoggerFactory.Instance);
    }

    private static MemoryClient Connect(BrokerNode node)
    {
        var connection = new MemoryConnection();
        return new MemoryClient(connection, node.Serve(connection, "PLAINTEXT"));
    }

    private static async Task<string> JoinAndSync(MemoryClient client)
    {
        var join = new JoinGroupRequest
        {
            GroupId = "g",
            SessionTimeoutMs = 300_000,
            RebalanceTimeoutMs = 300_000,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = [1] }],
        };
        var joined = await client.Ask<JoinGroupRequest, JoinGroupResponse>(join, 3);
        Assert.Equal((ErrorCode.None, 1), (joined.ErrorCode, joined.GenerationId));
        var synced = await client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new() { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1, Assignments = [new() { MemberId = joined.MemberId, Assignment = [9] }] }, 3);
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        return joined.MemberId;
    }

    /// <summary>Asks until there is a coordinator and its shards have loaded, as clients do.</summary>
    private static Task FindCoordinator(MemoryClient client) => Eventually.Is(async () =>
        (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4)).Coordinators[0].ErrorCode == ErrorCode.None
        && (await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).ErrorCode == ErrorCode.None);
}
