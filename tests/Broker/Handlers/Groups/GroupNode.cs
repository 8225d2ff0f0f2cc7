using KafkaCompat.Broker.Node;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// A node that coordinates groups, with a topic of two partitions, and a client that asks it. The first rebalance waits for nobody, and everything is allowed
/// until a test sets <see cref="Rules"/>.
/// </summary>
internal sealed class GroupNode : IAsyncDisposable
{
    public const string Topic = "orders";

    /// <summary>The id of a topic that does not exist.</summary>
    public static readonly Uuid NoTopic = Uuid.Parse("AAAAAAAAAAAAAAAAAAAABQ");

    private GroupNode(TestNode node, RecordingAuthorizer rules, Uuid topicId) => (Node, Rules, Client, TopicId) = (node, rules, node.Connect(), topicId);

    public TestNode Node { get; }

    public RecordingAuthorizer Rules { get; }

    public MemoryClient Client { get; }

    public Uuid TopicId { get; }

    public static async Task<GroupNode> Start(params (string Name, string Value)[] settings)
    {
        var rules = new RecordingAuthorizer();
        var node = TestNode.Start(
            IWorkThreads.None, new NodeSeams { Authorizer = rules }, settings: [("group.initial.rebalance.delay.ms", "0"), .. settings]);
        var started = new GroupNode(node, rules, await node.CreateTopic(Topic, 2));
        // Whoever looks for a coordinator first has its topic made.
        _ = await started.Client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        await node.GroupsLoaded();
        return started;
    }

    public ValueTask DisposeAsync() => Node.DisposeAsync();

    /// <summary>A request to join that a group takes.</summary>
    public static JoinGroupRequest Joining(string group, string memberId = "", string? instance = null) => new()
    {
        GroupId = group,
        MemberId = memberId,
        GroupInstanceId = instance,
        SessionTimeoutMs = 300_000,
        RebalanceTimeoutMs = 300_000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = [1] }],
    };

    /// <summary>The only member of a group, which is stable from here on; its assignment is a single 9.</summary>
    public async Task<GroupMember> OnlyMember(string group = "g", string? instance = null)
    {
        var asked = Joining(group, instance: instance);
        if (instance is null)
            asked.MemberId = (await Client.Ask<JoinGroupRequest, JoinGroupResponse>(asked, 9)).MemberId;
        var joined = await Client.Ask<JoinGroupRequest, JoinGroupResponse>(asked, 9);
        Assert.Equal((ErrorCode.None, 1), (joined.ErrorCode, joined.GenerationId));
        var synced = await Client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new()
            {
                GroupId = group,
                MemberId = joined.MemberId,
                GroupInstanceId = instance,
                GenerationId = joined.GenerationId,
                Assignments = [new() { MemberId = joined.MemberId, Assignment = [9] }],
            },
            4);
        Assert.Equal((ErrorCode.None, 9), (synced.ErrorCode, Assert.Single(synced.Assignment)));
        return new GroupMember(joined.MemberId, joined.GenerationId);
    }

    /// <summary>Begins the group's second rebalance, which waits for its only member; returns what the new member will hear.</summary>
    public async Task<Task<JoinGroupResponse>> SecondMemberJoins(string group = "g")
    {
        var client = Node.Connect();
        var pending = await client.Ask<JoinGroupRequest, JoinGroupResponse>(Joining(group), 4);
        Assert.Equal(ErrorCode.MemberIdRequired, pending.ErrorCode);
        var joining = client.Ask<JoinGroupRequest, JoinGroupResponse>(Joining(group, pending.MemberId), 4);
        while ((await Describe(group)).GroupState != "PreparingRebalance") await Task.Yield();
        return joining;
    }

    public async Task<DescribeGroupsResponse.DescribedGroup> Describe(string group = "g") =>
        (await Client.Ask<DescribeGroupsRequest, DescribeGroupsResponse>(new() { Groups = [group] }, 6)).Groups[0];

    /// <summary>Commits offsets of partitions of the topic, as an operator does for a group without members.</summary>
    public async Task Commit(string group, params long[] offsets)
    {
        var commit = new OffsetCommitRequest
        {
            GroupId = group,
            Topics = [new() { Name = Topic, Partitions = [.. offsets.Select(static (offset, partition) => Committed(partition, offset))] }],
        };
        var answer = await Client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 9);
        Assert.All(answer.Topics[0].Partitions, static partition => Assert.Equal(ErrorCode.None, partition.ErrorCode));
    }

    /// <summary>All that a group has committed, by partition.</summary>
    public async Task<IEnumerable<(int Partition, long Offset)>> Offsets(string group = "g")
    {
        var response = await Client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = group, Topics = null }, 7);
        return response.Topics.SelectMany(static topic => topic.Partitions.Select(static p => (p.PartitionIndex, p.CommittedOffset))).Order();
    }

    public static OffsetCommitRequest.OffsetCommitRequestPartition Committed(int partition, long offset) =>
        new() { PartitionIndex = partition, CommittedOffset = offset };
}
