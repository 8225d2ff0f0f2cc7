using System.Diagnostics;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What a log does while a disk is slow, and when the system is short of something that comes back.</summary>
public sealed class BusyDiskTests
{
    private const string Folder = "/data/t-0";

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly HookedFileStore _files;
    private readonly LogEnvironment _environment;

    public BusyDiskTests()
    {
        _files = new HookedFileStore(new ForgetfulFileStore(_clock));
        _files.CreateFolder("/data");
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    [Fact]
    public void AppendsGoOnWhileOldSegmentsAreSetAside()
    {
        var log = Open(LogSettings.Default with { RetentionMs = 1000 });
        log.Append(Batches.Plain(0));
        log.Roll();
        log.Append(Batches.Plain(1, timestamp: Batches.StartMs + 100_000));
        var appended = false;
        _files.Before = (operation, _) =>
        {
            if (operation != nameof(IFileStore.Rename) || appended)
                return;
            var writer = new Thread(() => log.Append(Batches.Plain(2, timestamp: Batches.StartMs + 100_000)));
            writer.Start();
            appended = writer.Join(TimeSpan.FromMinutes(2));
        };
        Assert.Equal(1, log.ApplyRetention(Batches.StartMs + 50_000, highWatermark: 2));
        Assert.True(appended);
        Assert.Equal((1L, 3L), (log.LogStartOffset, log.LogEndOffset));
    }

    /// <summary>Whichever file it is that cannot be opened, the roll is refused, the log is what it was, and goes on.</summary>
    [Fact]
    public async Task RecordsAreDeletedWhileASyncIsUnderWay()
    {
        var disk = new HookedFileStore(new ForgetfulFileStore(TimeProvider.System));
        using var directory = LogDirectory.Open(new LogEnvironment(disk, TimeProvider.System, new Random(1)), "/data");
        var log = directory.Create(new TopicPartition("t", 0), new Uuid(7, 9), LogSettings.Default);
        log.Append(Batches.Plain(0));
        using var syncing = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        disk.Before = (operation, _) =>
        {
            if (operation != nameof(IFileStore.SyncFolder))
                return;
            syncing.Set();
            mayEnd.Wait(TestContext.Current.CancellationToken);
        };
        var sync = Task.Run(log.Sync, TestContext.Current.CancellationToken);
        syncing.Wait(TestContext.Current.CancellationToken);
        var advanced = Task.Run(() => log.AdvanceLogStart(1), TestContext.Current.CancellationToken);
        Assert.True(await advanced.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        Assert.False(sync.IsCompleted);
        mayEnd.Set();
        await sync;
        Assert.Equal((1L, 1L), (log.LogStartOffset, log.RecoveryPoint));
    }

    [Fact]
    public void AReadThatTheDiskRefusesFailsItsDirectory()
    {
        var health = new DirectoryHealth();
        // The first page of a process is never mapped: reading it is an I/O error, as of a disk.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");
        using var unreadable = new DiskFileStore().Open("/proc/self/mem", FileOpening.Read);
        using var region = FileRegion.TryCreate(unreadable, 0, 100, health)!;
        _ = Assert.Throws<IOException>(() => region.Read(0, new byte[100]));
        Assert.True(health.IsFailed);
    }

    [Fact]
    public void ARollThatLacksDescriptorsLeavesTheLogAsItWas()
    {
        var succeeded = false;
        for (var failing = 1; !succeeded; failing++)
        {
            Assert.InRange(failing, 1, 20);
            var folder = $"/data/r{failing}-0";
            var settings = LogSettings.Default with { IndexIntervalBytes = 1 };
            var log = Open(settings, folder);
            for (var i = 0; i < 5; i++)
                log.Append(Batches.Produced(i, 7, 0, i, timestamp: Batches.StartMs + i));
            var opened = 0;
            _files.Before = (operation, _) =>
            {
                if (operation == nameof(IFileStore.Open) && ++opened == failing)
                    throw HookedFileStore.TooManyOpenFiles();
            };
            try
            {
                log.Roll();
                succeeded = true;
            }
            catch (KafkaStorageException)
            {
            }
            _files.Before = null;
            Assert.False(_environment.Health.IsFailed);
            log.Append(Batches.Produced(5, 7, 0, 5, timestamp: Batches.StartMs + 5));
            Assert.Equal(succeeded ? 2 : 1, log.SegmentCount);
            var all = log.ReadAll(0);
            log.Close();
            var again = PartitionLog.Open(_environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: true));
            Assert.Equal(6, again.LogEndOffset);
            Assert.Equal(all, again.ReadAll(0));
        }
    }

    [Fact]
    public void AReadAndASyncThatLackDescriptorsAreRefusedAndWorkLater()
    {
        var log = Open(LogSettings.Default);
        log.Append(Batches.Plain(0));
        log.Roll();
        log.Append(Batches.Plain(1));
        log.Close();
        var again = PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), LogSettings.Default, new LogOpening(IsClean: true));
        again.Append(Batches.Plain(2));
        again.Roll();
        _files.Before = (operation, _) =>
        {
            if (operation is nameof(IFileStore.Open) or nameof(IFileStore.SyncFolder))
                throw HookedFileStore.TooManyOpenFiles();
        };
        _ = Assert.Throws<KafkaStorageException>(() => again.Read(0, 1000, long.MaxValue, minOneBatch: true));
        _ = Assert.Throws<KafkaStorageException>(again.Sync);
        Assert.False(_environment.Health.IsFailed);
        _files.Before = null;
        using var region = again.Read(0, 1000, long.MaxValue, minOneBatch: true).Region;
        Assert.NotNull(region);
        var synced = new List<string>();
        _files.Before = (operation, path) => synced.Add($"{operation} {path}");
        again.Sync();
        Assert.Equal(3, again.RecoveryPoint);
        Assert.Contains($"SyncFolder {Folder}", synced);
    }

    [Fact]
    public void AGapThatCompactionLeftIsNoLossUnderAnotherPolicy()
    {
        var settings = LogSettings.Default with { SegmentBytes = 500 };
        var log = Open(settings);
        log.Append(Batches.Plain(0));
        log.Append(Batches.Plain(5));
        log.Append(Batches.Plain(20, valueBytes: 400));
        Assert.Equal(2, log.SegmentCount);
        log.Dispose();
        var again = PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: false));
        Assert.Equal((21L, 2), (again.LogEndOffset, again.SegmentCount));
    }

    [Fact]
    public void ReservedBlocksAreGivenBackAfterAKill()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only on Linux are blocks reserved behind a file's end.");
        var root = Directory.CreateTempSubdirectory("kafkacompat-blocks-").FullName;
        try
        {
            var environment = new LogEnvironment(new DiskFileStore(), _clock, new Random(1));
            var settings = LogSettings.Default with { Preallocate = true, SegmentBytes = 8 << 20 };
            string folder = Path.Combine(root, "t-0"), file = Path.Combine(folder, "00000000000000000000.log");
            using (var log = PartitionLog.Open(environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: false)))
                log.Append(Batches.Plain(0));
            Assert.SkipUnless(AllocatedBytes(file) >= 8 << 20, "This file system reserves no blocks.");
            using (var log = PartitionLog.Open(environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: false)))
                Assert.Equal(1, log.LogEndOffset);
            Assert.InRange(AllocatedBytes(file), 1, 1 << 20);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void AMissingPermissionIsAnIoFailureLikeAnyOther()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has files that nobody may rename.");
        var refused = Assert.ThrowsAny<IOException>(() => new DiskFileStore().Rename("/proc/self/status", "/proc/self/stat"));
        Assert.IsType<UnauthorizedAccessException>(refused.InnerException);
    }

    private static long AllocatedBytes(string path)
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b %B", path]) { RedirectStandardOutput = true })!;
        var numbers = stat.StandardOutput.ReadToEnd().Split(' ');
        stat.WaitForExit();
        return long.Parse(numbers[0], System.Globalization.CultureInfo.InvariantCulture) * long.Parse(numbers[1],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    private PartitionLog Open(LogSettings settings, string folder = Folder) =>
        PartitionLog.Open(_environment, folder, new TopicPartition("t", 0), settings, new LogOpening(IsClean: false));
}
