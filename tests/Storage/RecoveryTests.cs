using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>The opening of a directory's logs: what it tells, what it needs, and that it can be stopped at any moment without a loss.</summary>
public sealed class RecoveryTests : IDisposable
{
    private const int Logs = 12;
    private const int Segments = 4;

    private static readonly Uuid s_topicId = new(7, 9);

    private readonly string _root = Directory.CreateTempSubdirectory("kafkacompat-recovery-").FullName;
    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly DiskFileStore _files = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>As with Kafka the first start over such a file is refused, and it ends the trust: the second one checks and repairs.</summary>
    [Fact]
    public async Task TheMarkerOfACleanStopIsGoneBeforeAnythingIsOpened()
    {
        Write(closeCleanly: true);
        var file = Path.Combine(_root, "t-3", "00000000000000000009.log");
        await File.AppendAllBytesAsync(file, new byte[512], TestContext.Current.CancellationToken);
        using (var first = Open(stop: TestContext.Current.CancellationToken))
        {
            Assert.True(first.WasClosedCleanly);
            _ = await Assert.ThrowsAsync<LogCorruptionException>(() => Load(first));
        }
        var told = new Told();
        using var second = Open(told, TestContext.Current.CancellationToken);
        Assert.False(second.WasClosedCleanly);
        await Load(second);
        AssertAllThere(second);
        var cut = Assert.Single(told.Repairs);
        Assert.Equal((RepairAct.LogCut, "t-3", file, 12L, 512L), (cut.Act, cut.Partition, cut.Path, cut.ToOffset, cut.Count));
        Assert.NotNull(cut.Why);
    }

    /// <summary>A node that ran with so many descriptors comes up again with them, whatever it finds.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    public async Task NoLogKeepsAFileOpenOnceItIsLoaded(bool closeCleanly, int threads)
    {
        if (!OperatingSystem.IsLinux())
            return;
        Write(closeCleanly);
        foreach (var index in Directory.GetFiles(_root, "*.index", SearchOption.AllDirectories).Where((_, i) => i % 3 == 0))
            File.Delete(index);
        var most = 0;
        using var directory = Open(stop: TestContext.Current.CancellationToken);
        await directory.LoadAll((_, _) => Watch(), static _ => LogSettings.Default, threads);
        // The lock.
        Assert.Equal(1, OpenHere());
        Assert.InRange(most, 1, 1 + threads * 6);
        foreach (var log in directory.Logs)
            log.Sync();
        AssertAllThere(directory);

        bool Watch()
        {
            most = Math.Max(most, OpenHere());
            return true;
        }
    }

    /// <summary>Stopped after any batch, the files are what they were, and the next start finds every record.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task ARecoveryThatIsStoppedLosesNothing(int threads)
    {
        Write(closeCleanly: false);
        for (var batches = 0; batches < Logs * 12; batches += 7)
        {
            using var stop = new CancellationTokenSource();
            using (var directory = Open(new StopsAfter(batches, stop), stop.Token))
                _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Load(directory, threads));
            Assert.False(File.Exists(Path.Combine(_root, ".kafka_cleanshutdown")));
        }
        using var again = Open(stop: TestContext.Current.CancellationToken);
        await Load(again, threads);
        AssertAllThere(again);
    }

    /// <summary>
    /// A power cut can tear a batch so that its offset alone is lost, which no checksum covers. It is the end of a log whose records were on no disk, as any
    /// torn batch is: else nobody could read past it any more.
    /// </summary>
    [Fact]
    public void ABatchWhoseOffsetWasTornIsTheEndOfWhatWasNotSynced()
    {
        var folder = Path.Combine(_root, "t-0");
        var environment = new LogEnvironment(_files, _clock, new Random(1));
        _files.CreateFolder(folder);
        var partition = new TopicPartition("t", 0);
        long size;
        using (var log = PartitionLog.Open(environment, folder, partition, LogSettings.Default, new LogOpening(IsClean: false)))
        {
            for (var i = 0; i < 4; i++)
                _ = log.Append(Batches.Plain(i));
            size = log.SizeInBytes / 4;
        }
        using (var file = _files.Open(Path.Combine(folder, "00000000000000000000.log"), FileOpening.ReadWrite))
            file.Write(2 * size, new byte[sizeof(long)]);
        using var again = PartitionLog.Open(environment, folder, partition, LogSettings.Default, new LogOpening(IsClean: false));
        Assert.Equal((2, 2 * size), (again.LogEndOffset, again.SizeInBytes));
    }

    [Fact]
    public async Task ProgressIsTold()
    {
        Write(closeCleanly: false);
        var told = new Told();
        // Every look at this clock is a second later.
        var clock = new RunningClock();
        var watch = new RecoveryWatch(clock, told);
        using var directory = LogDirectory.Open(new LogEnvironment(_files, _clock, new Random(1), watch), _root);
        await Load(directory);
        var bytes = directory.Logs.Sum(static log => log.SizeInBytes);
        Assert.Equal(new RecoveryProgress(Logs, Logs, bytes, 0), watch.Progress);
        Assert.InRange(told.Progress.Count, 2, Logs * 14 / 3);
        Assert.Equal(told.Progress.OrderBy(static one => one.CheckedBytes), told.Progress);
        Assert.All(told.Progress, static one => Assert.Equal(Logs, one.Logs));
    }

    private void Write(bool closeCleanly)
    {
        using var directory = Open(stop: TestContext.Current.CancellationToken);
        for (var i = 0; i < Logs; i++)
        {
            var log = directory.Create(new TopicPartition("t", i), s_topicId, LogSettings.Default);
            for (var offset = 0; offset < Segments * 3; offset++)
            {
                if (offset > 0 && offset % 3 == 0)
                    log.Roll();
                log.Append(Batches.Plain(offset));
            }
        }
        if (closeCleanly)
            directory.CloseCleanly(1, new Dictionary<TopicPartition, long>()).GetAwaiter().GetResult();
    }

    private static void AssertAllThere(LogDirectory directory)
    {
        Assert.Equal(Logs, directory.Count);
        Assert.All(directory.Logs, static log => Assert.Equal((0L, Segments * 3L), (log.LogStartOffset, log.LogEndOffset)));
    }

    private LogDirectory Open(IRecoveryListener? listener = null, CancellationToken stop = default) => LogDirectory.Open(
        new LogEnvironment(_files, _clock, new Random(1), new RecoveryWatch(new RunningClock(), listener ?? IRecoveryListener.None, stop)), _root);

    private static Task Load(LogDirectory directory, int threads = 1) => directory.LoadAll(static (_, _) => true, static _ => LogSettings.Default, threads);

    private int OpenHere() => Directory.GetFiles("/proc/self/fd").Count(IsHere);

    private bool IsHere(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, false)?.FullName.StartsWith(_root, StringComparison.Ordinal) == true;
        }
        catch (IOException)
        {
            // Another test's, closed meanwhile.
            return false;
        }
    }

    private sealed class Told : IRecoveryListener
    {
        public List<LogRepair> Repairs { get; } = [];

        public List<RecoveryProgress> Progress { get; } = [];

        public void Repaired(LogRepair repair) => Repairs.Add(repair);

        public void Progressed(RecoveryProgress progress) => Progress.Add(progress);
    }

    /// <summary>By a clock of which each look is a second later, it hears of every fifth batch; nothing is repaired meanwhile.</summary>
    private sealed class StopsAfter(int batches, CancellationTokenSource stop) : IRecoveryListener
    {
        public void Repaired(LogRepair repair) => Assert.Fail(repair.ToString());

        public void Progressed(RecoveryProgress progress)
        {
            if (progress.CheckedBytes >= batches * (long)Batches.Plain(0).Length)
                stop.Cancel();
        }
    }

    private sealed class RunningClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _ticks);
    }
}
