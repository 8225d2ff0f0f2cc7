using KafkaCompat.Broker.Coordination;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>A shard of groups reads its log until that succeeds, whatever the log holds.</summary>
public sealed class GroupLoadTests : GroupsOfOneShard
{
    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task A_log_that_ends_in_offsets_without_records_is_loaded(long gap)
    {
        Assert.Equal(ErrorCode.None, await Commit(7));
        Groups.Resign(0);
        Log.GapAtEnd = gap;
        Groups.Lead(0, Log);
        Assert.Equal(7, await Fetch());
        Assert.Equal(2, Log.Loads);
    }

    [Fact]
    public async Task A_load_that_ends_in_an_exception_is_tried_again()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        Groups.Resign(0);
        Log.ReadFaults.Enqueue(new EndOfStreamException("the file is shorter than it was"));
        Log.ReadFaults.Enqueue(new ArgumentException("a record of another kind"));
        Groups.Lead(0, Log);
        await Eventually.Is(async () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return (await Describe()).ErrorCode == ErrorCode.None;
        });
        Assert.Empty(Log.ReadFaults);
        Assert.Equal(5, await Fetch());
    }

    [Fact]
    public async Task A_log_that_can_be_read_and_not_written_is_loaded_less_and_less_often()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        Groups.Close();
        Log.FailWith = ErrorCode.KafkaStorageError;
        var (first, seconds) = (Log.Loads, 0);
        var loadedAt = new List<int>();
        // What was committed was for a topic that is gone, which is the first thing to be written.
        var next = new GroupCoordinator(new GroupSettings(), new ShardSurroundings(Time, Wheel, NullLogger.Instance, TaskScheduler.Default),
            static () => MetadataImage.Empty)
        { PartitionCount = 1 };
        next.Lead(0, Log);
        await Eventually.Is(() =>
        {
            if (Log.Loads - first > loadedAt.Count)
            {
                loadedAt.Add(seconds);
            }
            else if (loadedAt.Count > 0)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                seconds++;
            }
            return Task.FromResult(loadedAt.Count == 5);
        });
        Assert.All(loadedAt.Zip(loadedAt.Skip(1)), (pair, failures) => Assert.InRange(pair.Second - pair.First, 1 << failures, int.MaxValue));
        next.Close();
    }

    [Fact]
    public async Task A_group_record_that_names_a_member_twice_is_passed_over()
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        var twice = new GroupMetadataValue.MemberMetadata { MemberId = "m", ClientId = "c", ClientHost = "/h" };
        var record =
            new ShardRecord(2, new GroupMetadataKey { Group = "odd" }, 3, new GroupMetadataValue { ProtocolType = "consumer", Members = [twice, twice] });
        _ = Log.Append(ShardRecordSerde.ToBatch([record], 0));
        Assert.Equal(ErrorCode.None, await Commit(6));
        Groups.Resign(0);
        Groups.Lead(0, Log);
        Assert.Equal(6, await Fetch());
    }

    /// <summary>The groups have no coordinator then, and are there again when the file is put right.</summary>
    [Theory]
    [InlineData(RecordBatchHeader.Size)]
    [InlineData(-2)]
    public async Task A_batch_that_the_disk_has_changed_is_not_believed(int at)
    {
        Assert.Equal(ErrorCode.None, await Commit(5));
        Assert.Equal(ErrorCode.None, await Commit(6));
        Assert.Equal(ErrorCode.None, await Commit(7));
        Groups.Resign(0);
        Log.Flip(1, at);
        Groups.Lead(0, Log);
        var loads = Log.Loads;
        await Eventually.Is(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(Log.Loads > loads + 2);
        });
        Assert.Equal((0, 1), (Groups.LoadedPartitions, Groups.LoadingPartitions));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, await Commit(8));
        Log.Flip(1, at);
        await Eventually.Is(() =>
        {
            Time.Advance(TimeSpan.FromSeconds(10));
            return Task.FromResult(Groups.LoadedPartitions == 1);
        });
        Assert.Equal(7, await Fetch());
    }

    [Fact]
    public async Task A_shard_counts_as_loading_until_it_has_read_its_log()
    {
        await Eventually.Is(() => Task.FromResult(Groups.LoadedPartitions == 1));
        Assert.Equal(ErrorCode.None, await Commit(1));
        var counts = Groups.Count();
        Assert.Equal((1, 1), (counts.Groups[(GroupType.Classic, "Empty")], counts.Offsets));
        var broken = new MemoryShardLog();
        broken.ReadFaults.Enqueue(new IOException("torn"));
        _ = broken.Append(Log.Read(0, 1).Batches);
        Groups.Lead(1, broken);
        Assert.Equal((1, 1), (Groups.LoadedPartitions, Groups.LoadingPartitions));
        await Eventually.Is(() =>
        {
            // The load that failed is tried again after a while.
            Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(Groups.LoadingPartitions == 0);
        });
        Assert.Equal(2, Groups.Count().Groups[(GroupType.Classic, "Empty")]);
    }
}
