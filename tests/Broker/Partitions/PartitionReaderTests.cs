using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Broker.Partitions;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Broker.Tests.Partitions;

/// <summary>Readers of a partition go by what was published last, whatever its writers and its disk are doing.</summary>
public sealed class PartitionReaderTests : IDisposable
{
    private readonly ManualResetEventSlim _disk = new(initialState: true);
    private readonly SemaphoreSlim _writing = new(0);
    private readonly HookedFileStore _files = new(new ForgetfulFileStore(TimeProvider.System));
    private readonly LogDirectory _directory;
    private readonly Partition _partition;

    public PartitionReaderTests()
    {
        _files.BeforeWrite = path =>
        {
            if (_disk.IsSet) return;
            _writing.Release();
            _disk.Wait();
        };
        _directory = LogDirectory.Open(new LogEnvironment(_files, TimeProvider.System, new Random(1)), "/data");
        _directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
        var log = _directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        var config = TopicConfig.Create(TestNode.ConfigOf(), new Dictionary<string, string>());
        _partition = new Partition(new Uuid(7, 9), log, config, 0, new LogSyncer(), TimeProvider.System);
        _partition.Lead(3);
    }

    public void Dispose()
    {
        _directory.Dispose();
        _disk.Dispose();
        _writing.Dispose();
    }

    [Fact]
    public async Task An_append_that_its_disk_holds_up_holds_up_no_reader()
    {
        Assert.Equal(ErrorCode.None, Append().Error);
        _disk.Reset();
        var held = Task.Run(Append, TestContext.Current.CancellationToken);
        await _writing.WaitAsync(TestContext.Current.CancellationToken);

        // All of it on this thread, which would never come back from a lock that the append holds.
        using var wheel = new TimerWheel(TimeProvider.System);
        var read = _partition.Read(0, 10_000, minOneBatch: true, committedOnly: false, currentLeaderEpoch: 3, lastFetchedEpoch: 3);
        Assert.Equal((ErrorCode.None, 1L), (read.Error, read.HighWatermark));
        Assert.True(read.Length > 0);
        read.Region!.Dispose();
        Assert.Equal(1, _partition.FindOffset(AskedTimestamps.Latest, committedOnly: true, 3).Offset);
        Assert.Equal(0, _partition.FindOffset(0, committedOnly: false, 3).Offset);
        Assert.Equal((ErrorCode.None, 3, 1L), _partition.EndOfEpoch(3, 3));
        Assert.Equal((ErrorCode.None, 1L, true), _partition.EndAsLeader(3));
        Assert.NotEmpty(_partition.ReadAsLeader(0, 1, 10_000, 3).Batches);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _partition.RefuseReplica().Error);
        Assert.Equal(1, _partition.HighWatermark);
        var wait = new FetchWait(wheel, 1, 1, committedOnly: false);
        wait.Register(_partition.Read(1, 10_000, minOneBatch: true, committedOnly: false, 3, 3));
        var waiting = wait.Wait(long.MaxValue, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted || held.IsCompleted);

        _disk.Set();
        Assert.Equal(1, (await held).BaseOffset);
        await waiting.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 4)]
    public async Task A_fetch_whose_leader_changed_before_it_waits_does_not_wait(int leader, int epoch)
    {
        using var wheel = new TimerWheel(TimeProvider.System);
        var wait = new FetchWait(wheel, 1, 1_000, committedOnly: false);
        var read = _partition.Read(0, 10_000, minOneBatch: true, committedOnly: false, 3, -1);
        _partition.Lead(leader, epoch);
        wait.Register(read);
        await wait.Wait(long.MaxValue, TestContext.Current.CancellationToken);
    }

    private PartitionAppend Append() => _partition.Append(RecordBytes.From(Records.Batch().AsMemory()), 1, 12);
}
