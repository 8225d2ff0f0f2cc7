using System.Globalization;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Requests of as many topics as fit into some hundred kilobytes. A handler works on the thread of a socket that others share, so what it does for a topic must
/// not grow with the number of the others: a request of 32 times the topics may take 32 times as long, or some more where the many do not fit into a cache, and
/// not the 1,000 times of a search through the others for each.
/// A busy machine can disturb one measurement; it does not disturb the quickest of many.
/// </summary>
public sealed class ManyTopicsTests : IAsyncLifetime
{
    private const int Topics = 60_000;
    private const int FewTopics = Topics / 32;
    private const double MostTimesAsLong = 200;
    private const int MostAttempts = 20;

    private int _groups;

    private readonly TestNode _node = TestNode.Start();
    private MemoryClient _client = null!;
    private MemoryClient _other = null!;

    public async ValueTask InitializeAsync()
    {
        _client = _node.Connect();
        _other = _node.Connect();
        _ = await _node.CreateTopic("t");
        var coordinator = new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = { "g" } };
        _ = await _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(coordinator, 4);
        await _node.GroupsLoaded();
        _ = await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(["t"]), 8);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public Task Produce_to_many_topics_takes_little_for_each() => GrowsWithTheirNumber(async topics =>
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 120_000 };
        foreach (var name in Names(topics)) request.TopicData.Add(new() { Name = name, PartitionData = { new() { Index = 0 } } });
        var response = await _client.Ask<ProduceRequest, ProduceResponse>(request, 9);
        Assert.Equal(topics, response.Responses.Count);
    });

    [Fact]
    public async Task A_topic_that_is_named_twice_has_one_entry_in_the_answer()
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 120_000 };
        foreach (var (name, partition) in (IEnumerable<(string, int)>)[("a", 0), ("b", 0), ("a", 1)])
            request.TopicData.Add(new() { Name = name, PartitionData = { new() { Index = partition } } });
        var response = await _client.Ask<ProduceRequest, ProduceResponse>(request, 9);
        Assert.Equal([("a", 2), ("b", 1)], response.Responses.Select(t => (t.Name, t.PartitionResponses.Count)));
    }

    [Fact]
    public Task Members_that_offer_many_protocols_are_compared_with_little_for_each() => GrowsWithTheirNumber(async protocols =>
    {
        // None but the last in common, which the search comes to last.
        var group = string.Create(CultureInfo.InvariantCulture, $"many-{_groups++}");
        var first = _client.Ask<JoinGroupRequest, JoinGroupResponse>(Join(group, "a", protocols), 3);
        var second = _other.Ask<JoinGroupRequest, JoinGroupResponse>(Join(group, "b", protocols), 3);
        Assert.All(await Task.WhenAll(first, second), static answer => Assert.Equal((ErrorCode.None, "common"), (answer.ErrorCode, answer.ProtocolName)));
    });

    [Fact]
    public Task Commits_of_many_topics_take_little_for_each() => GrowsWithTheirNumber(async topics =>
    {
        // Half of them is refused at once, and the coordinator's answer to the others is merged with that.
        var names = Names(topics / 2).Concat(Enumerable.Repeat("t", topics / 2));
        var response = await _client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(names), 8);
        Assert.Equal((topics / 2) + 1, response.Topics.Count);
        Assert.Equal(("t", topics / 2), (response.Topics[^1].Name, response.Topics[^1].Partitions.Count));
    });

    [Fact]
    public Task Offsets_of_many_topics_are_deleted_with_little_for_each() => GrowsWithTheirNumber(async topics =>
    {
        var request = new OffsetDeleteRequest { GroupId = "g" };
        foreach (var name in Names(topics).Append("t")) request.Topics.Add(new() { Name = name, Partitions = { new() { PartitionIndex = 0 } } });
        var response = await _client.Ask<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0);
        Assert.Equal((ErrorCode.None, topics + 1), (response.ErrorCode, response.Topics.Count));
    });

    private static async Task GrowsWithTheirNumber(Func<int, Task> ask)
    {
        var (few, many) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            few = await Quickest(few, () => ask(FewTopics));
            many = await Quickest(many, () => ask(Topics));
            if (attempt > 0 && many < few * MostTimesAsLong) return;
        }
        Assert.Fail($"{FewTopics} took {few.TotalMilliseconds} ms and {Topics} took {many.TotalMilliseconds} ms.");
    }

    private static async Task<TimeSpan> Quickest(TimeSpan before, Func<Task> work)
    {
        var started = TimeProvider.System.GetTimestamp();
        await work();
        var took = TimeProvider.System.GetElapsedTime(started);
        return took < before ? took : before;
    }

    private static JoinGroupRequest Join(string group, string prefix, int protocols)
    {
        var request = new JoinGroupRequest { GroupId = group, ProtocolType = "consumer", SessionTimeoutMs = 300_000, RebalanceTimeoutMs = 300_000 };
        foreach (var name in Names(protocols)) request.Protocols.Add(new() { Name = prefix + name });
        request.Protocols.Add(new() { Name = "common" });
        return request;
    }

    private static OffsetCommitRequest Commit(IEnumerable<string> topics) => new()
    {
        GroupId = "g",
        GenerationIdOrMemberEpoch = -1,
        MemberId = "",
        Topics = [
            .. topics.Select(name =>
            new OffsetCommitRequest.OffsetCommitRequestTopic { Name = name, Partitions = { new() { PartitionIndex = 0, CommittedOffset = 1 } } })],
    };

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(i => i.ToString("D5", CultureInfo.InvariantCulture));
}
