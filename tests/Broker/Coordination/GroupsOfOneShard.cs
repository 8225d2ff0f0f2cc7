using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Tests.Loops;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>A coordinator of groups whose one shard has its log in memory, and what members ask of it.</summary>
public abstract class GroupsOfOneShard : IDisposable
{
    protected GroupsOfOneShard()
    {
        Wheel = new TimerWheel(Time);
        Groups = Coordinator();
    }

    private protected ManualTime Time { get; } = new();

    private protected TimerWheel Wheel { get; }

    private protected MemoryShardLog Log { get; } = new();

    private protected GroupCoordinator Groups { get; }

    public void Dispose()
    {
        Wheel.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected GroupCoordinator Coordinator(TaskScheduler? turns = null)
    {
        var coordinator = new GroupCoordinator(new GroupSettings(),
            new ShardSurroundings(Time, Wheel, NullLogger.Instance, turns ?? TaskScheduler.Default))
        { PartitionCount = 1 };
        coordinator.Lead(0, Log);
        return coordinator;
    }

    private protected async Task<ErrorCode> Commit(long offset, string group = "g") => (await Ready<OffsetCommitResponse>(
        CommitOf(offset, group),
        answer => answer.Topics[0].Partitions[0].ErrorCode)).Topics[0].Partitions[0].ErrorCode;

    private protected async Task<long> Fetch() => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
        new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false),
        answer => answer.ErrorCode)).Topics[0].Partitions[0].CommittedOffset;

    private protected async Task<DescribeGroupsResponse.DescribedGroup> Describe() =>
        await Ready<DescribeGroupsResponse.DescribedGroup>(new DescribeGroupCommand("g"), answer => answer.ErrorCode);

    private protected async Task<JoinGroupResponse> Join(string memberId, string? instance = null, string suffix = "1") => await Ready<JoinGroupResponse>(
        new JoinGroupCommand(
            new JoinGroupRequest
            {
                GroupId = "g",
                MemberId = memberId,
                GroupInstanceId = instance,
                ProtocolType = "consumer",
                SessionTimeoutMs = 10_000,
                RebalanceTimeoutMs = 20_000,
                Protocols = [new() { Name = "range", Metadata = [1] }],
            },
            "client", "/127.0.0.1", suffix, true, true),
        answer => answer.ErrorCode);

    private protected async Task<(Member Leader, Member Follower)> TwoMembers()
    {
        var joining = (Join((await Join("", suffix: "1")).MemberId), Join((await Join("", suffix: "2")).MemberId));
        await Turn(joining.Item1);
        await Turn(joining.Item2);
        var answers = new[] { await joining.Item1, await joining.Item2 };
        return (Of(answers.Single(static a => a.Leader == a.MemberId)), Of(answers.Single(static a => a.Leader != a.MemberId)));

        static Member Of(JoinGroupResponse joined) => new(joined.MemberId, joined.GenerationId);
    }

    /// <summary>Lets time pass until something is answered: the first rebalance waits for company.</summary>
    private protected Task Turn(Task waiting) => Eventually.Is(() =>
    {
        if (!waiting.IsCompleted) Time.Advance(TimeSpan.FromMilliseconds(100));
        return Task.FromResult(waiting.IsCompleted);
    });

    private protected Task<SyncGroupResponse> Sync(Member member) =>
        Groups.Ask<SyncGroupResponse>(
            new SyncGroupCommand(new SyncGroupRequest { GroupId = "g", MemberId = member.MemberId, GenerationId = member.Generation })).AsTask();

    private protected async Task<ErrorCode> Beat(Member member, string? instance = null) => (await Groups.Ask<HeartbeatResponse>(
        new HeartbeatCommand(
            new HeartbeatRequest { GroupId = "g", MemberId = member.MemberId, GenerationId = member.Generation, GroupInstanceId = instance }))).ErrorCode;

    private protected static CommitOffsetsCommand CommitOf(long offset, string group) => new(
        new OffsetCommitRequest { GroupId = group, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = offset }] }] },
        KnowsGroupIdNotFound: true);

    private protected sealed record Member(string MemberId, int Generation);

    private protected static HeartbeatCommand Heartbeat() => new(new HeartbeatRequest { GroupId = "g", MemberId = "m" });

    /// <summary>Asks again while the shard loads, as a client does; a load that a test brought about itself is not waited for.</summary>
    private protected async Task<T> Ready<T>(GroupCommand command, Func<T, ErrorCode> error)
    {
        for (var turn = 0; ; turn++)
        {
            var answer = await Groups.Ask<T>(command);
            if (error(answer) != ErrorCode.CoordinatorLoadInProgress || turn == 200 || Log.FailWith != ErrorCode.None)
                return answer;
            await Task.Yield();
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
