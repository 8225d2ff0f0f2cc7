using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Coordination;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KafkaCompat.Broker.Tests.Coordination;

/// <summary>
/// After a kill the high watermark of a log is no newer than its checkpoint, and where every message is flushed it stays there until the log has been
/// synced again. The groups are loaded to the log's end all the same, and shown once that is durable.
/// </summary>
public sealed class GroupLogBehindWatermarkTests
{
    [Fact]
    public async Task Groups_load_to_the_end_of_the_log_and_are_shown_once_it_is_durable()
    {
        var time = TimeProvider.System;
        using var wheel = new TimerWheel(time);
        using var directory = LogDirectory.Open(new LogEnvironment(new ForgetfulFileStore(time), time, new Random(1)), "/data");
        var unflushed = TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>());
        var flushed = TopicConfig.Create(TestNode.ConfigOf(("log.flush.interval.messages", "1")), new Dictionary<string, string>());
        var log = directory.Create(new TopicPartition("__consumer_offsets", 0), new Uuid(1, 1), unflushed.Log);
        var syncer = new LogSyncer();

        // An earlier life leaves an offset in a log of which no sync is known.
        var (earlier, partition) = Lead(log, unflushed, syncer, wheel, epoch: 0);
        Assert.Equal(ErrorCode.None,
            (await Loaded<OffsetCommitResponse>(earlier, Commit(42), answer => answer.Topics[0].Partitions[0].ErrorCode)).Topics[0].Partitions[0].ErrorCode);
        earlier.Close();
        partition.Close();
        Assert.Equal((0, 1), (log.RecoveryPoint, log.LogEndOffset));

        var (coordinator, next) = Lead(log, flushed, syncer, wheel, epoch: 1);
        Assert.Equal(0, next.HighWatermark);
        Task<OffsetFetchResponse.OffsetFetchResponseGroup> fetching;
        do
        {
            // Until it has loaded; from then on the answer waits for the sync.
            fetching = coordinator.Ask<OffsetFetchResponse.OffsetFetchResponseGroup>(Fetch()).AsTask();
            _ = await Task.WhenAny(fetching, Task.Delay(20, TestContext.Current.CancellationToken));
        }
        while (fetching.IsCompleted && (await fetching).ErrorCode == ErrorCode.CoordinatorLoadInProgress);
        syncer.Start();
        Assert.Equal(42, (await fetching).Topics.Single().Partitions.Single().CommittedOffset);
        Assert.Equal(1, next.HighWatermark);
        coordinator.Close();
        await syncer.Stop();
    }

    private static (GroupCoordinator Coordinator, Partition Partition) Lead(PartitionLog log, TopicConfig config, LogSyncer syncer, TimerWheel wheel, int epoch)
    {
        var partition = new Partition(new Uuid(1, 1), log, config, highWatermark: 0, syncer, TimeProvider.System);
        partition.Lead(epoch);
        var coordinator = new GroupCoordinator(new GroupSettings(),
            new ShardSurroundings(TimeProvider.System, wheel, NullLogger.Instance, TaskScheduler.Default))
        { PartitionCount = 1 };
        coordinator.Lead(0, new PartitionShardLog(partition, epoch, wheel));
        return (coordinator, partition);
    }

    /// <summary>Asks again while the shard loads, as a client does.</summary>
    private static async Task<T> Loaded<T>(GroupCoordinator coordinator, GroupCommand command, Func<T, ErrorCode> error)
    {
        while (true)
        {
            var answer = await coordinator.Ask<T>(command);
            if (error(answer) != ErrorCode.CoordinatorLoadInProgress)
                return answer;
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private static CommitOffsetsCommand Commit(long offset) => new(
        new OffsetCommitRequest { GroupId = "g", Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = offset }] }] },
            KnowsGroupIdNotFound: true);

    private static FetchOffsetsCommand Fetch() => new(new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = null }, RequireStable: false);
}
