using KafkaCompat.Broker.Coordination;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>The offsets of a deleted topic are removed, whether or not the shard was loaded at the time.</summary>
public sealed class ForgottenTopicsTests : GroupsOfOneShard
{
    [Fact]
    public async Task A_topic_that_goes_while_a_shard_loads_is_forgotten_all_the_same()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        Groups.Resign(0);
        Groups.Lead(0, Log);
        Groups.TopicsDeleted(["t"]);
        await Eventually.Is(async () => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false),
            answer => answer.ErrorCode)).Topics.Count == 0);
    }

    [Fact]
    public async Task Offsets_that_are_forgotten_go_in_pieces_where_the_log_takes_small_batches_only()
    {
        for (var i = 0; i < 50; i++)
            Assert.Equal(ErrorCode.None, await Commit(1, $"group-{i}"));
        var joining = Join((await Join("")).MemberId);
        Log.MaxBatchBytes = 200;
        Groups.TopicsDeleted(["t"]);
        await Eventually.Is(async () => (await Ready<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "group-49", Topics = null }, RequireStable: false),
            answer => answer.ErrorCode)).Topics.Count == 0);
        Assert.False(joining.IsCompleted);
    }

    [Fact]
    public async Task A_record_too_large_for_the_log_does_not_send_the_shard_away()
    {
        Assert.Equal(ErrorCode.None, await Commit(1));
        var joining = Join((await Join("")).MemberId);
        Log.MaxBatchBytes = 10;
        Groups.TopicsDeleted(["t"]);
        Assert.Equal(1, await Fetch());
        Assert.False(joining.IsCompleted);
    }

    [Fact]
    public async Task What_was_deleted_while_nobody_looked_is_forgotten_after_loading()
    {
        Assert.Equal(ErrorCode.None, await Commit(1, "g"));
        Groups.Close();
        var next = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(Time, Wheel, NullLogger.Instance, TaskScheduler.Default),
            static () => MetadataImage.Empty)
        { PartitionCount = 1 };
        next.Lead(0, Log);
        await Eventually.Is(async () => await next.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(
            new FetchOffsetsCommand(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false))
            is { ErrorCode: ErrorCode.None, Topics.Count: 0 });
        Assert.Equal(2, Log.Batches);
    }
}
