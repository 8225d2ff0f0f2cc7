using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>What a partition of several replicas does as leader and as follower, as the metadata says; the other replicas are silent.</summary>
public sealed class PartitionRoleTests : IDisposable
{
    private readonly LogDirectory _directory;
    private int _partitionEpoch;

    public PartitionRoleTests()
    {
        _directory = LogDirectory.Open(new LogEnvironment(new ForgetfulFileStore(TimeProvider.System), TimeProvider.System, new Random(1)), "/data");
        _directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Records_wait_for_every_member_of_the_isr()
    {
        var partition = Create();
        Tell(partition, leader: 1, epoch: 3, isr: [1, 2]);
        var appended = Append(partition, acks: -1);
        Assert.Equal((ErrorCode.None, false, 0L), (appended.Error, appended.IsReplicated, partition.HighWatermark));
        using var wheel = new TimerWheel(TimeProvider.System);
        var wait = new AckWait(wheel);
        var place = wait.Add(partition, appended.RequiredOffset, appended.LeaderEpoch);
        Assert.Null(place.Outcome);
        // The silent one is fenced, and the metadata says so within the same leader's epoch.
        Tell(partition, leader: 1, epoch: 3, isr: [1]);
        await wait.Wait(long.MaxValue, TestContext.Current.CancellationToken);
        Assert.Equal((ErrorCode.None, 1L), (place.Outcome, partition.HighWatermark));
    }

    [Fact]
    public void With_too_few_replicas_in_sync_nothing_is_acknowledged_and_nothing_committed()
    {
        var partition = Create(("min.insync.replicas", "2"));
        Tell(partition, leader: 1, epoch: 3, isr: [1]);
        Assert.Equal(ErrorCode.NotEnoughReplicas, Append(partition, acks: -1).Error);
        Assert.Equal((ErrorCode.None, false), (Append(partition, acks: 1).Error, Append(partition, acks: 1).IsReplicated));
        Assert.Equal(0, partition.HighWatermark);
        Assert.Equal((true, 1, 2), (partition.Standing.IsLeader, partition.Standing.InSyncReplicas, partition.Standing.MinInSyncReplicas));
        // A setting counts from the next append on.
        partition.ApplyConfig(Config(("min.insync.replicas", "1")));
        Assert.True(Append(partition, acks: -1).IsReplicated);
        Assert.Equal(3, partition.HighWatermark);
    }

    [Fact]
    public void Who_waits_for_an_acknowledgement_hears_that_another_replica_leads()
    {
        var partition = Create();
        Tell(partition, leader: 1, epoch: 3, isr: [1, 2]);
        using var wheel = new TimerWheel(TimeProvider.System);
        var place = new AckWait(wheel).Add(partition, Append(partition, acks: -1).RequiredOffset, leaderEpoch: 3);
        Tell(partition, leader: 2, epoch: 4, isr: [1, 2]);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, place.Outcome);
        var refused = Append(partition, acks: 1);
        Assert.Equal((ErrorCode.NotLeaderOrFollower, 2, 4), (refused.Error, refused.LeaderId, refused.LeaderEpoch));
        Assert.Equal((ErrorCode.NotLeaderOrFollower, -1L), partition.DeleteRecordsBefore(0));
        Assert.Equal((false, 0), (partition.Standing.IsLeader, partition.Standing.InSyncReplicas));
    }

    [Fact]
    public void The_high_watermark_outlives_the_role()
    {
        var partition = Create();
        Tell(partition, leader: 1, epoch: 3, isr: [1]);
        _ = Append(partition, acks: -1);
        Tell(partition, leader: 2, epoch: 4, isr: [1, 2]);
        Assert.Equal(1, partition.HighWatermark);
        Tell(partition, leader: 1, epoch: 5, isr: [1, 2]);
        Assert.Equal((1L, 1L), (partition.HighWatermark, partition.FindOffset(AskedTimestamps.Latest, committedOnly: false, 5).Offset));
        partition.Close();
        Assert.Equal(1, partition.HighWatermark);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Append(partition, acks: 1).Error);
        Tell(partition, leader: 1, epoch: 6, isr: [1]);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Append(partition, acks: 1).Error);
    }

    [Fact]
    public async Task At_a_partition_that_comes_while_the_node_stops_no_fetch_waits()
    {
        var partitions = new PartitionTable();
        partitions.EndWaits();
        var partition = Create();
        partitions.Add(partition);
        Tell(partition, leader: 1, epoch: 3, isr: [1]);
        using var wheel = new TimerWheel(TimeProvider.System);
        var wait = new FetchWait(wheel, 1, missingBytes: 10, committedOnly: false);
        wait.Register(partition.Read(0, 1_000, true, false, -1, -1));
        await wait.Wait(long.MaxValue, TestContext.Current.CancellationToken);
    }

    private Partition Create(params (string Name, string Value)[] configs)
    {
        var log = _directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        return new Partition(new Uuid(7, 9), log, Config(configs), 0, new LogSyncer(), TimeProvider.System);
    }

    private static TopicConfig Config(params (string Name, string Value)[] configs) =>
        TopicConfig.Create(TestNode.ConfigOf(), configs.ToDictionary(static c => c.Name, static c => c.Value));

    private void Tell(Partition partition, int leader, int epoch, int[] isr) => partition.Apply(
        new PartitionRegistration
        {
            Replicas = [1, 2, 3],
            Directories = [Uuid.Zero, Uuid.Zero, Uuid.Zero],
            Isr = [.. isr],
            Leader = leader,
            LeaderEpoch = epoch,
            PartitionEpoch = ++_partitionEpoch,
        },
        nodeId: 1);

    private static PartitionAppend Append(Partition partition, short acks) => partition.Append(RecordBytes.From(Records.Batch().AsMemory()), acks, 12);
}
