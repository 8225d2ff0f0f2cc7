using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>Groups and offsets that an operator removes. What may go is decided, and tested, where the groups are.</summary>
public sealed class GroupAdministrationTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private MemoryClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _node = TestNode.Start();
        _client = _node.Connect();
        _ = await _node.CreateTopic("t", 3);
        // Whoever looks for a coordinator first has its topic made.
        _ = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        await _node.GroupsLoaded();
        var commit = new OffsetCommitRequest
        {
            GroupId = "g",
            GenerationIdOrMemberEpoch = -1,
            Topics =
                [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 5 }, new() { PartitionIndex = 1, CommittedOffset = 6 }] }],
        };
        Assert.Equal(ErrorCode.None, (await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 9)).Topics[0].Partitions[1].ErrorCode);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_group_goes_with_its_offsets_and_is_answered_once()
    {
        for (short version = 0; version <= 3; version++)
        {
            var none = await _client.Ask<DeleteGroupsRequest, DeleteGroupsResponse>(new() { GroupsNames = ["none", "none", ""] }, version);
            Assert.Equal([("none", ErrorCode.GroupIdNotFound), ("", ErrorCode.GroupIdNotFound)], none.Results.Select(r => (r.GroupId, r.ErrorCode)));
        }
        var response = await _client.Ask<DeleteGroupsRequest, DeleteGroupsResponse>(new() { GroupsNames = ["g"] }, 3);
        Assert.Equal(("g", ErrorCode.None, null), (response.Results[0].GroupId, response.Results[0].ErrorCode, response.Results[0].ErrorMessage));
        Assert.Empty((await _client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups);
        Assert.Empty(await Offsets());
    }

    [Fact]
    public async Task Offsets_go_and_partitions_that_do_not_exist_are_told_first()
    {
        var response = await Delete("g", ("t", [0, 9, 2]), ("nope", [0]));
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal(
            ["t-9 UnknownTopicOrPartition", "t-0 None", "t-2 None", "nope-0 UnknownTopicOrPartition"],
            response.Topics.SelectMany(t => t.Partitions.Select(p => $"{t.Name}-{p.PartitionIndex} {p.ErrorCode}")));
        Assert.Equal([1], await Offsets());
    }

    [Fact]
    public async Task An_error_of_the_group_is_the_only_answer()
    {
        foreach (var (group, error) in (IEnumerable<(string, ErrorCode)>)[("none", ErrorCode.GroupIdNotFound), ("", ErrorCode.InvalidGroupId)])
        {
            var response = await Delete(group, ("nope", [0]), ("t", [0]));
            Assert.Equal((error, 0), (response.ErrorCode, response.Topics.Count));
        }
    }

    [Fact]
    public async Task A_group_stays_where_it_is_when_its_topic_gets_more_partitions()
    {
        var more = new CreatePartitionsRequest { Topics = { new() { Name = "__consumer_offsets", Count = 5, Assignments = null } }, TimeoutMs = 120_000 };
        Assert.Equal(ErrorCode.None, (await _client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(more, 3)).Results[0].ErrorCode);
        // Listing groups asks every partition, and those that were added are read first like any other.
        await _node.GroupsLoaded(5);
        Assert.Equal([0, 1], await Offsets());
        Assert.Equal("g", Assert.Single((await _client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5)).Groups).GroupId);
    }

    private Task<OffsetDeleteResponse> Delete(string group, params (string Topic, int[] Partitions)[] topics) =>
        _client.Ask<OffsetDeleteRequest, OffsetDeleteResponse>(
            new()
            {
                GroupId = group,
                Topics = [.. topics.Select(t => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                {
                    Name = t.Topic,
                    Partitions = [.. t.Partitions.Select(p => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = p })],
                })],
            },
            0);

    private async Task<IEnumerable<int>> Offsets()
    {
        var response = await _client.Ask<OffsetFetchRequest, OffsetFetchResponse>(new() { GroupId = "g", Topics = null }, 7);
        return response.Topics.SelectMany(t => t.Partitions.Select(p => p.PartitionIndex));
    }
}
