using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Tests.Connections;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Handlers;

/// <summary>
/// Requests whose answers are many times as large, because they name the same thing again and again: what has room is answered, and the rest is refused.
/// </summary>
public sealed class LargeAnswerTests
{
    private const int MostRefusals = 2_000;

    [Fact]
    public async Task Settings_are_described_up_to_the_largest_answer()
    {
        await using var node = TestNode.Start();
        var request = new DescribeConfigsRequest { IncludeSynonyms = true, IncludeDocumentation = true };
        for (var i = 0; i < 2_000; i++)
            request.Resources.Add(new() { ResourceType = (sbyte)ConfigResourceType.Broker, ResourceName = "1", ConfigurationKeys = null });
        var answer = await Ask<DescribeConfigsRequest, DescribeConfigsResponse>(node, request, 4);
        CheckRefusals([.. answer.Results.Select(static result => (result.ErrorCode, result.ErrorMessage, result.Configs.Count))]);
    }

    [Fact]
    public async Task Offsets_are_told_up_to_the_largest_answer()
    {
        await using var node = TestNode.Start();
        _ = await node.CreateTopic("t", 5_000);
        var client = await WithGroups(node);
        var commit = new OffsetCommitRequest { GroupId = "g", GenerationIdOrMemberEpoch = -1, Topics = { new() { Name = "t" } } };
        for (var i = 0; i < 5_000; i++)
            commit.Topics[0].Partitions.Add(new() { PartitionIndex = i, CommittedOffset = i, CommittedMetadata = new string('m', 100) });
        Assert.All((await client.Ask<OffsetCommitRequest, OffsetCommitResponse>(commit, 8)).Topics[0].Partitions,
            static partition => Assert.Equal(ErrorCode.None, partition.ErrorCode));
        var request = new OffsetFetchRequest();
        for (var i = 0; i < 400; i++) request.Groups.Add(new() { GroupId = "g", Topics = null });
        var answer = await Ask<OffsetFetchRequest, OffsetFetchResponse>(node, request, 8);
        CheckRefusals(
            [.. answer.Groups.Select(static group =>
            (group.ErrorCode, (string?)AnswerRoom.Refusal, group.Topics.Sum(static topic => topic.Partitions.Count)))]);
    }

    [Fact]
    public async Task Groups_are_described_up_to_the_largest_answer()
    {
        await using var node = TestNode.Start();
        var client = await WithGroups(node);
        var join = new JoinGroupRequest
        {
            GroupId = "g",
            MemberId = "",
            SessionTimeoutMs = 300_000,
            RebalanceTimeoutMs = 300_000,
            ProtocolType = "consumer",
            Protocols = { new() { Name = "range", Metadata = new byte[500_000] } },
        };
        var joined = await client.Ask<JoinGroupRequest, JoinGroupResponse>(join, 3);
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        var synced = await client.Ask<SyncGroupRequest, SyncGroupResponse>(
            new()
            {
                GroupId = "g",
                MemberId = joined.MemberId,
                GenerationId = joined.GenerationId,
                Assignments = { new() { MemberId = joined.MemberId, Assignment = [1] } }
            }, 2);
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        var request = new DescribeGroupsRequest();
        for (var i = 0; i < 300; i++) request.Groups.Add("g");
        var answer = await Ask<DescribeGroupsRequest, DescribeGroupsResponse>(node, request, 6);
        CheckRefusals([.. answer.Groups.Select(static group => (group.ErrorCode, group.ErrorMessage, group.Members.Count))]);
    }

    /// <summary>The first ones are answered alike, and those behind the largest answer are refused with a text.</summary>
    private static void CheckRefusals(List<(ErrorCode Error, string? Message, int Told)> parts)
    {
        var answered = parts.TakeWhile(static part => part.Error == ErrorCode.None).ToList();
        Assert.NotEmpty(answered);
        Assert.All(answered, part => Assert.Equal(answered[0].Told, part.Told));
        Assert.InRange(parts.Count - answered.Count, 1, MostRefusals);
        Assert.All(parts[answered.Count..], static part => Assert.Equal((ErrorCode.InvalidRequest, AnswerRoom.Refusal, 0), part));
    }

    private static async Task<TResponse> Ask<TRequest, TResponse>(TestNode node, TRequest request, short version)
        where TRequest : class, IRequest<TRequest>
        where TResponse : class, IResponse<TResponse>
    {
        var client = node.Connect();
        var id = await client.Post(request, version);
        var frame = (await client.Receive())!;
        Assert.Equal(id, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame));
        // Near to what may be, so that the bound is met; refusals come on top.
        Assert.InRange(frame.Length, AnswerRoom.MaxPartBytes * 9 / 10, AnswerRoom.MaxBytes);
        return WireFrames.Decode<TRequest, TResponse>(frame, version);
    }

    private static async Task<MemoryClient> WithGroups(TestNode node)
    {
        var client = node.Connect();
        _ = await client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(new() { CoordinatorKeys = ["g"] }, 4);
        await node.GroupsLoaded();
        return client;
    }
}
