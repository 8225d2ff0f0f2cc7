using System.Globalization;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Requests of as many topics as fit into some hundred kilobytes. A handler works on the thread of a socket that others share, so what it does for a topic must
/// not grow with the number of the others: the bound is many times what it takes, and a small part of what a search through the others for each takes.
/// </summary>
public sealed class ManyTopicsTests : IAsyncLifetime
{
    private const int Topics = 60_000;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(4);

    private readonly TestNode _node = TestNode.Start();
    private MemoryClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _client = _node.Connect();
        _ = await _node.CreateTopic("t");
        var coordinator = new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = { "g" } };
        _ = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(coordinator, 4);
        await _node.GroupsLoaded();
        _ = await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(["t"]), 8);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Produce_to_many_topics_takes_little_for_each()
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 10_000 };
        foreach (var name in Names()) request.TopicData.Add(new() { Name = name, PartitionData = { new() { Index = 0 } } });
        var response = await _client.Ask<ProduceRequest, ProduceResponse>(request, 9).WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal(Topics, response.Responses.Count);
    }

    [Fact]
    public async Task A_topic_that_is_named_twice_has_one_entry_in_the_answer()
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 10_000 };
        foreach (var (name, partition) in (IEnumerable<(string, int)>)[("a", 0), ("b", 0), ("a", 1)])
            request.TopicData.Add(new() { Name = name, PartitionData = { new() { Index = partition } } });
        var response = await _client.Ask<ProduceRequest, ProduceResponse>(request, 9);
        Assert.Equal([("a", 2), ("b", 1)], response.Responses.Select(t => (t.Name, t.PartitionResponses.Count)));
    }

    [Fact]
    public async Task Members_that_offer_many_protocols_are_compared_with_little_for_each()
    {
        // None but the last in common, which the search comes to last.
        var first = _client.Ask<JoinGroupRequest, JoinGroupResponse>(Join("a"), 3);
        var second = _node.Connect().Ask<JoinGroupRequest, JoinGroupResponse>(Join("b"), 3);
        var joined = await Task.WhenAll(first, second).WaitAsync(Bound + TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.All(joined, static answer => Assert.Equal((ErrorCode.None, "common"), (answer.ErrorCode, answer.ProtocolName)));
    }

    private static JoinGroupRequest Join(string prefix)
    {
        var request = new JoinGroupRequest { GroupId = "many", ProtocolType = "consumer", SessionTimeoutMs = 30_000, RebalanceTimeoutMs = 30_000 };
        foreach (var name in Names()) request.Protocols.Add(new() { Name = prefix + name });
        request.Protocols.Add(new() { Name = "common" });
        return request;
    }

    [Fact]
    public async Task Commits_of_many_topics_take_little_for_each()
    {
        // Half of them is refused at once, and the coordinator's answer to the others is merged with that.
        var names = Names().Take(Topics / 2).Concat(Enumerable.Repeat("t", Topics / 2));
        var response = await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(names), 8).WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal((Topics / 2) + 1, response.Topics.Count);
        Assert.Equal(("t", Topics / 2), (response.Topics[^1].Name, response.Topics[^1].Partitions.Count));
    }

    [Fact]
    public async Task Offsets_of_many_topics_are_deleted_with_little_for_each()
    {
        var request = new OffsetDeleteRequest { GroupId = "g" };
        foreach (var name in Names().Append("t")) request.Topics.Add(new() { Name = name, Partitions = { new() { PartitionIndex = 0 } } });
        var response = await _client.Ask<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0).WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal((ErrorCode.None, Topics + 1), (response.ErrorCode, response.Topics.Count));
    }

    private static OffsetCommitRequest Commit(IEnumerable<string> topics) => new()
    {
        GroupId = "g",
        GenerationIdOrMemberEpoch = -1,
        MemberId = "",
        Topics = [.. topics.Select(name => new OffsetCommitRequest.OffsetCommitRequestTopic { Name = name, Partitions = { new() { PartitionIndex = 0, CommittedOffset = 1 } } })],
    };

    private static IEnumerable<string> Names() => Enumerable.Range(0, Topics).Select(i => i.ToString("D5", CultureInfo.InvariantCulture));
}
