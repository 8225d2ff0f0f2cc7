using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// The group handlers through the whole broker, in the shapes of their versions. What is expected is what Apache Kafka 4.4 answered to
/// the same requests.
/// </summary>
public sealed class GroupHandlersTests
{
    private const string Topic = "orders";
    private static readonly Uuid NoTopic = Uuid.Parse("AAAAAAAAAAAAAAAAAAAABQ");

    [Fact]
    public async Task The_first_FindCoordinator_creates_the_groups_log()
    {
        await using var node = TestNode.Start();
        var client = node.Connect();
        var first = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, first.Coordinators[0].ErrorCode);
        Assert.Equal(-1, first.Coordinators[0].NodeId);
        await FindCoordinator(client, "g");
        var old = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { Key = "g" }, 1);
        Assert.Equal((ErrorCode.None, "NONE", 1, "localhost"), (old.ErrorCode, old.ErrorMessage, old.NodeId, old.Host));
        var several = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["a", "b", ""] }, 6);
        Assert.All(several.Coordinators, found => Assert.Equal((ErrorCode.None, "", 1), (found.ErrorCode, found.ErrorMessage, found.NodeId)));
        var unknown = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 9, CoordinatorKeys = ["a"] }, 6);
        Assert.Equal(ErrorCode.InvalidRequest, unknown.Coordinators[0].ErrorCode);
        var transactional = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { KeyType = 1, CoordinatorKeys = ["tx"] }, 6);
        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, transactional.Coordinators[0].ErrorCode);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task OffsetCommit_refuses_what_does_not_exist_and_commits_the_rest(short version)
    {
        await using var node = TestNode.Start();
        var (client, id) = await Ready(node);
        var answer = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(version, id, "g", (0, 5), (1, 6), (7, 1)), version);
        var byId = version >= 10;
        Assert.Equal(
            [(byId ? id : Uuid.Zero, 7, ErrorCode.UnknownTopicOrPartition), (byId ? id : Uuid.Zero, 0, ErrorCode.None),
                (byId ? id : Uuid.Zero, 1, ErrorCode.None),
             (byId ? NoTopic : Uuid.Zero, 0, byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition)],
            answer.Topics.SelectMany(t => t.Partitions.Select(p => (t.TopicId, p.PartitionIndex, p.ErrorCode))));
        var stranger = Commit(version, id, "nobody", (0, 5));
        stranger.GenerationIdOrMemberEpoch = 3;
        stranger.MemberId = "m";
        answer = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(stranger, version);
        Assert.Equal(version >= 9 ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration, answer.Topics[^1].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task OffsetFetch_answers_in_the_shape_of_each_version()
    {
        await using var node = TestNode.Start();
        var (client, id) = await Ready(node);
        _ = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(9, id, "g", (0, 5), (1, 6)), 9);
        for (short version = 1; version < 8; version++)
        {
            var one = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
                new() { GroupId = "g", Topics = [new() { Name = Topic, PartitionIndexes = [0, 5] }, new() { Name = "nope", PartitionIndexes = [0] }] },
                version);
            Assert.Equal([(Topic, 0, 5L), (Topic, 5, -1L), ("nope", 0, -1L)],
                one.Topics.SelectMany(t => t.Partitions.Select(p => (t.Name, p.PartitionIndex, p.CommittedOffset))));
            Assert.All(one.Topics.SelectMany(t => t.Partitions), p => Assert.Equal((ErrorCode.None, ""), (p.ErrorCode, p.Metadata)));
        }
        for (short version = 8; version <= 10; version++)
        {
            var several = await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(
                new()
                {
                    Groups =
                    [
                        new() { GroupId = "g", Topics = null },
                        new() { GroupId = "none",
                            Topics = [new() { Name = Topic, TopicId = id, PartitionIndexes = [0] },
                            new() { Name = "nope", TopicId = NoTopic, PartitionIndexes = [3] }] },
                        new() { GroupId = "none", Topics = null },
                    ],
                },
                version);
            var byId = version >= 10;
            Assert.Equal([(0, 5L), (1, 6L)], several.Groups[0].Topics.Single().Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset)).Order());
            Assert.Equal(byId ? id : Uuid.Zero, several.Groups[0].Topics[0].TopicId);
            Assert.Equal(
                [(0, -1L, ErrorCode.None), (3, -1L, byId ? ErrorCode.UnknownTopicId : ErrorCode.None)],
                several.Groups[1].Topics.SelectMany(t => t.Partitions.Select(p => (p.PartitionIndex, p.CommittedOffset, p.ErrorCode))));
            Assert.Empty(several.Groups[2].Topics);
            Assert.All(several.Groups, g => Assert.Equal(ErrorCode.None, g.ErrorCode));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(9)]
    public async Task JoinGroup_refuses_in_the_shape_of_its_version(short version)
    {
        await using var node = TestNode.Start();
        var (client, _) = await Ready(node);
        var nameless = await client.Ask<JoinGroupRequest, JoinGroupResponse>(Join("", ""), version);
        Assert.Equal((ErrorCode.InvalidGroupId, -1, version < 7 ? "" : null), (nameless.ErrorCode, nameless.GenerationId, nameless.ProtocolName));
        var stranger = await client.Ask<JoinGroupRequest, JoinGroupResponse>(Join("g", "zzz"), version);
        Assert.Equal((ErrorCode.UnknownMemberId, "zzz"), (stranger.ErrorCode, stranger.MemberId));
        var hasty = Join("g", "");
        hasty.SessionTimeoutMs = 10;
        Assert.Equal(ErrorCode.InvalidSessionTimeout, (await client.Ask<JoinGroupRequest, JoinGroupResponse>(hasty, version)).ErrorCode);
    }

    [Fact]
    public async Task Empty_group_ids_and_half_a_protocol_are_refused()
    {
        await using var node = TestNode.Start();
        var (client, _) = await Ready(node);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.Ask<HeartbeatRequest, HeartbeatResponse>(new() { MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.Ask<LeaveGroupRequest, LeaveGroupResponse>(new() { MemberId = "m" }, 2)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.Ask<SyncGroupRequest, SyncGroupResponse>(new() { MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol,
            (await client.Ask<SyncGroupRequest, SyncGroupResponse>(new() { GroupId = "g", MemberId = "m" }, 5)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, (await client.Ask<SyncGroupRequest, SyncGroupResponse>(new() { GroupId = "g", MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId,
            (await client.Ask<LeaveGroupRequest, LeaveGroupResponse>(new() { GroupId = "g", MemberId = "m" }, 2)).ErrorCode);
        var left = await client.Ask<LeaveGroupRequest, LeaveGroupResponse>(new() { GroupId = "g", Members = [new() { MemberId = "m" }] }, 5);
        Assert.Equal((ErrorCode.None, ErrorCode.UnknownMemberId), (left.ErrorCode, left.Members[0].ErrorCode));
    }

    [Fact]
    public async Task A_group_lives_its_life_and_is_described_and_listed()
    {
        await using var node = TestNode.Start(settings: ("group.initial.rebalance.delay.ms", "0"));
        var (client, id) = await Ready(node);
        var pending = await client.Ask<JoinGroupRequest, JoinGroupResponse>(Join("g", ""), 9);
        Assert.Equal(ErrorCode.MemberIdRequired, pending.ErrorCode);
        Assert.StartsWith("test-", pending.MemberId, StringComparison.Ordinal);
        var joined = await client.Ask<JoinGroupRequest, JoinGroupResponse>(Join("g", pending.MemberId), 9);
        Assert.Equal((ErrorCode.None, 1, "consumer", "range", pending.MemberId),
            (joined.ErrorCode, joined.GenerationId, joined.ProtocolType, joined.ProtocolName, joined.Leader));
        var synced = await client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new()
            {
                GroupId = "g",
                MemberId = joined.MemberId,
                GenerationId = 1,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments = [new() { MemberId = joined.MemberId, Assignment = [9] }],
            },
            5);
        Assert.Equal((ErrorCode.None, "range", (byte)9), (synced.ErrorCode, synced.ProtocolName, synced.Assignment.Single()));
        var commit = Commit(10, id, "g", (0, 5));
        commit.GenerationIdOrMemberEpoch = 1;
        commit.MemberId = joined.MemberId;
        Assert.Contains((await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 10)).Topics, t => t.Partitions[^1].ErrorCode == ErrorCode.None);

        var described =
            (await client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = ["g", "none"], IncludeAuthorizedOperations = true }, 6)).Groups;
        Assert.Equal(("Stable", "consumer", "range", 3400),
            (described[0].GroupState, described[0].ProtocolType, described[0].ProtocolData, described[0].AuthorizedOperations));
        Assert.Equal((joined.MemberId, "test", "/127.0.0.1"),
            (described[0].Members[0].MemberId, described[0].Members[0].ClientId, described[0].Members[0].ClientHost));
        Assert.Equal(("Dead", ErrorCode.GroupIdNotFound, "Group none not found."),
            (described[1].GroupState, described[1].ErrorCode, described[1].ErrorMessage));
        var older = (await client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = ["none"] }, 5)).Groups[0];
        Assert.Equal(("Dead", ErrorCode.None), (older.GroupState, older.ErrorCode));

        var listed = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new() { StatesFilter = ["sTABLE"], TypesFilter = ["Classic"] }, 5);
        var group = Assert.Single(listed.Groups);
        Assert.Equal(("g", "consumer", "Stable", "classic"), (group.GroupId, group.ProtocolType, group.GroupState, group.GroupType));
        Assert.Empty((await client.Ask<ListGroupsRequest, ListGroupsResponse>(new() { TypesFilter = ["share"] }, 5)).Groups);

        Assert.Equal(ErrorCode.None,
            (await client.Ask<HeartbeatRequest, HeartbeatResponse>(new() { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1 }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.None,
            (await client.Ask<LeaveGroupRequest, LeaveGroupResponse>(new() { GroupId = "g", MemberId = joined.MemberId }, 1)).ErrorCode);
        Assert.Equal("Empty", (await client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = ["g"] }, 4)).Groups[0].GroupState);
    }

    [Fact]
    public async Task A_deleted_topic_takes_its_offsets_along()
    {
        await using var node = TestNode.Start();
        var (client, id) = await Ready(node);
        _ = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(9, id, "g", (0, 5)), 9);
        _ = await client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(new() { TopicNames = [Topic], TimeoutMs = 60_000 }, 5);
        await Eventually.Is(async () =>
            (await client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = "g", Topics = null }, 7)).Topics.Count == 0);
    }

    private static async Task<(MemoryClient Client, Uuid TopicId)> Ready(TestNode node)
    {
        var id = await node.CreateTopic(Topic, 2);
        var client = node.Connect();
        await FindCoordinator(client, "g");
        return (client, id);
    }

    /// <summary>Asks until there is a coordinator and its shard has loaded, as clients do.</summary>
    private static Task FindCoordinator(MemoryClient client, string group) => Eventually.Is(async () =>
        (await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = [group] }, 4)).Coordinators[0].ErrorCode == ErrorCode.None
        && (await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).ErrorCode == ErrorCode.None);

    private static OffsetCommitRequest Commit(short version, Uuid id, string group, params (int Partition, long Offset)[] offsets) => new()
    {
        GroupId = group,
        Topics =
        [
            new()
            {
                Name = version >= 10 ? "" : Topic,
                TopicId = version >= 10 ? id : Uuid.Zero,
                Partitions =
                    [.. offsets.Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition { PartitionIndex = o.Partition, CommittedOffset = o.Offset })],
            },
            new()
            {
                Name = version >= 10 ? "" : "nope",
                TopicId = version >= 10 ? NoTopic : Uuid.Zero,
                Partitions = [new() { PartitionIndex = 0, CommittedOffset = 1 }],
            },
        ],
    };

    private static JoinGroupRequest Join(string group, string memberId) => new()
    {
        GroupId = group,
        MemberId = memberId,
        SessionTimeoutMs = 300_000,
        RebalanceTimeoutMs = 300_000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = [1] }],
    };
}
