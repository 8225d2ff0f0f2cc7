using System.Text;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>
/// Names that a request may hold and a record of the groups' log may not: bytes that are no UTF-8 are read as three bytes each, and a member's id
/// is its client's with a suffix. Such a request is its sender's affair; the groups of everybody else go on.
/// </summary>
public sealed class OversizedNamesTests
{
    /// <summary>Stands in requests for as many bytes that begin no character.</summary>
    private static readonly string NotUtf8 = new('?', 11_000);
    private static readonly string LongName = new('a', 32_760);

    [Fact]
    public async Task A_commit_for_a_group_whose_name_no_record_can_hold_is_refused()
    {
        await using var node = await Ready();
        var answer = await Ask<OffsetCommitRequest, OffsetCommitResponse>(node, Commit(NotUtf8, ""), 2, "c");
        Assert.Equal(ErrorCode.UnknownServerError, answer.Topics[0].Partitions[0].ErrorCode);
        await EveryShardGoesOn(node);
    }

    [Fact]
    public async Task A_commit_whose_metadata_no_record_can_hold_is_refused()
    {
        await using var node = await Ready(("offset.metadata.max.bytes", "100000"));
        var answer = await Ask<OffsetCommitRequest, OffsetCommitResponse>(node, Commit("g", NotUtf8), 2, "c");
        Assert.Equal(ErrorCode.UnknownServerError, answer.Topics[0].Partitions[0].ErrorCode);
        await EveryShardGoesOn(node);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_member_whose_names_no_record_can_hold_does_not_join(short version)
    {
        await using var node = await Ready();
        var joins = new (JoinGroupRequest Request, string ClientId)[]
        {
            (Join(NotUtf8), "c"),
            (Join("of-client"), LongName),
            (Join("of-protocol", protocol: NotUtf8), "c"),
            (Join("of-type", type: NotUtf8), "c"),
        };
        foreach (var (request, clientId) in joins)
            Assert.Equal(ErrorCode.UnknownServerError, (await Ask<JoinGroupRequest, JoinGroupResponse>(node, request, version, clientId)).ErrorCode);
        await EveryShardGoesOn(node);
    }

    [Fact]
    public async Task A_static_member_whose_id_no_record_can_hold_does_not_join()
    {
        await using var node = await Ready();
        var request = Join("of-instance");
        request.GroupInstanceId = LongName;
        Assert.Equal(ErrorCode.UnknownServerError, (await Ask<JoinGroupRequest, JoinGroupResponse>(node, request, 5, "c")).ErrorCode);
        await EveryShardGoesOn(node);
    }

    /// <summary>Two shards take a commit each, and all of them answer a listing.</summary>
    private static async Task EveryShardGoesOn(TestNode node)
    {
        var client = node.Connect();
        foreach (var group in new[] { "a", "b", "c" })
        {
            var answer = await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(Commit(group, ""), 2);
            Assert.Equal(ErrorCode.None, answer.Topics[0].Partitions[0].ErrorCode);
        }
        var listed = await client.Ask<ListGroupsRequest, ListGroupsResponse>(new(), 5);
        Assert.Equal((ErrorCode.None, "a,b,c"),
            (listed.ErrorCode, string.Join(',', listed.Groups.Select(group => group.GroupId).Order(StringComparer.Ordinal))));
    }

    private static async Task<TestNode> Ready(params (string Name, string Value)[] settings)
    {
        var node = TestNode.Start(settings: [("group.initial.rebalance.delay.ms", "0"), .. settings]);
        _ = await node.CreateTopic("t");
        var client = node.Connect();
        _ = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        await node.GroupsLoaded();
        return node;
    }

    private static OffsetCommitRequest Commit(string group, string metadata) => new()
    {
        GroupId = group,
        Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 1, CommittedMetadata = metadata }] }],
    };

    private static JoinGroupRequest Join(string group, string protocol = "range", string type = "consumer") => new()
    {
        GroupId = group,
        ProtocolType = type,
        SessionTimeoutMs = 300_000,
        RebalanceTimeoutMs = 300_000,
        Protocols = [new() { Name = protocol, Metadata = [1] }],
    };

    /// <summary>Sends the request on a connection of its own, with 0xFF in the place of <see cref="NotUtf8"/>.</summary>
    private static async Task<TResponse> Ask<TRequest, TResponse>(TestNode node, TRequest request, short version, string clientId)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        var frame = MemoryClient.Frame(request, version, 1, clientId);
        var place = frame.AsSpan().IndexOf(Encoding.UTF8.GetBytes(NotUtf8));
        if (place >= 0)
            frame.AsSpan(place, NotUtf8.Length).Fill(0xFF);
        var client = node.Connect();
        await client.Send(frame);
        var answer = await client.Receive() ?? throw new InvalidOperationException("The connection was closed instead of an answer.");
        return MemoryClient.Decode<TRequest, TResponse>(answer, version);
    }
}
