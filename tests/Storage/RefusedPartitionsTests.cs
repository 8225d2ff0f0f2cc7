using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>
/// The making of a partition that is refused for lack of descriptors leaves its folder, with some of its files or none. It is the partition's when it is tried
/// again, goes with its topic, and is nothing that the next start wonders about.
/// </summary>
public sealed class RefusedPartitionsTests
{
    private static readonly TopicPartition Partition = new("t", 0);
    private static readonly Uuid Topic = new(7, 9);

    private readonly FixedClock _clock = new(Batches.StartMs);

    [Fact]
    public async Task ATopicThatIsDeletedTakesAlongWhatWasBegun()
    {
        for (var allowed = 0; ; allowed++)
        {
            Assert.InRange(allowed, 0, 100);
            var disk = new ForgetfulFileStore(_clock);
            var files = new HookedFileStore(disk);
            using (var directory = await Opened(files, "/data", _ => false))
            {
                Allow(files, allowed);
                if (!IsRefused(directory))
                    break;
                files.Before = null;
                Assert.True(disk.FolderExists("/data/t-0"));
                directory.Delete(Partition);
                Assert.DoesNotContain(disk.List("/data"), static entry => entry.Name == "t-0");
                directory.DeleteDue(directory.Environment.DueMs(0));
                Assert.DoesNotContain(disk.List("/data"), static entry => entry.IsFolder);
            }
            using var again = await Opened(disk, "/data", _ => false);
            Assert.Empty(again.Strays);
        }
    }

    /// <summary>The node ends before the partition is tried again.</summary>
    [Fact]
    public async Task ATopicThatLivesHasNoStrays()
    {
        for (var allowed = 0; ; allowed++)
        {
            Assert.InRange(allowed, 0, 100);
            var disk = new ForgetfulFileStore(_clock);
            var files = new HookedFileStore(disk);
            using (var directory = await Opened(files, "/data", _ => true))
            {
                Allow(files, allowed);
                if (!IsRefused(directory))
                    break;
                files.Before = null;
            }
            using var again = await Opened(disk, "/data", static topicId => topicId == Topic);
            Assert.Empty(again.Strays);
            var log = again.Find(Partition) ?? again.Create(Partition, Topic, LogSettings.Default);
            log.Append(Batches.Produced(0, 7, 0, 0, timestamp: Batches.StartMs));
        }
    }

    /// <summary>Elsewhere there may be fewer logs by then, and the next start would find two of one partition.</summary>
    [Fact]
    public async Task ItIsTriedAgainInTheDirectoryWhereItWasBegun()
    {
        for (var allowed = 0; ; allowed++)
        {
            Assert.InRange(allowed, 0, 100);
            var disk = new ForgetfulFileStore(_clock);
            var files = new HookedFileStore(disk);
            using (var directories = new LogDirectories([await Opened(files, "/a", _ => true), await Opened(files, "/b", _ => true)]))
            {
                Allow(files, allowed);
                try
                {
                    _ = directories.Create(Partition, Topic, null, LogSettings.Default);
                    break;
                }
                catch (KafkaStorageException refused)
                {
                    Assert.True(FileShortage.IsOfDescriptors(refused.GetBaseException()));
                }
                files.Before = null;
                _ = directories.All[0].Create(new TopicPartition("u", 0), new Uuid(8, 9), LogSettings.Default);
                _ = directories.Create(Partition, Topic, null, LogSettings.Default);
                Assert.NotNull(directories.All[0].Find(Partition));
            }
            using var again = new LogDirectories([LogDirectory.Open(Environment(disk), "/a"), LogDirectory.Open(Environment(disk), "/b")]);
            await again.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
            Assert.Empty(again.Strays);
            Assert.NotNull(again.Find(Partition));
        }
    }

    /// <summary>What says where logs end cannot be written then. The folder has its new name all the same, and goes.</summary>
    [Fact]
    public async Task ADeletionNeedsNoDescriptors()
    {
        var disk = new ForgetfulFileStore(_clock);
        var files = new HookedFileStore(disk);
        using (var directory = await Opened(files, "/data", _ => true))
        {
            directory.Create(Partition, Topic, LogSettings.Default).Append(Batches.Produced(0, 7, 0, 0, timestamp: Batches.StartMs));
            directory.WriteRecoveryPoints();
            files.Before = static (operation, _) =>
            {
                if (operation is nameof(IFileStore.Open) or nameof(IFileStore.SyncFolder))
                    throw HookedFileStore.TooManyOpenFiles();
            };
            directory.Delete(Partition);
            Assert.False(directory.Health.IsFailed);
            Assert.NotNull(directory.Health.Shortage);
            Assert.Contains("-delete", Assert.Single(disk.List("/data"), static entry => entry.IsFolder).Name, StringComparison.Ordinal);
        }
        using var again = await Opened(disk, "/data", _ => false);
        Assert.Empty(again.Strays);
    }

    /// <summary>What holds a record is set aside, as in Kafka, although nothing says whose it is.</summary>
    [Fact]
    public async Task AFolderThatHoldsALogIsSetAside()
    {
        var disk = new ForgetfulFileStore(_clock);
        using (var directory = await Opened(disk, "/data", _ => true))
            directory.Create(Partition, Topic, LogSettings.Default).Append(Batches.Produced(0, 7, 0, 0, timestamp: Batches.StartMs));
        disk.Delete("/data/t-0/" + PartitionMetadataFile.FileName);
        using var again = await Opened(disk, "/data", static topicId => topicId == Topic);
        Assert.EndsWith("-stray", Assert.Single(again.Strays), StringComparison.Ordinal);
    }

    /// <summary>Lets a partition open so many files.</summary>
    private static void Allow(HookedFileStore files, int allowed)
    {
        var asked = 0;
        files.Before = (operation, path) =>
        {
            if (operation == nameof(IFileStore.Open) && path.Contains("/t-0/", StringComparison.Ordinal) && Interlocked.Increment(ref asked) > allowed)
                throw HookedFileStore.TooManyOpenFiles();
        };
    }

    private static bool IsRefused(LogDirectory directory)
    {
        try
        {
            _ = directory.Create(Partition, Topic, LogSettings.Default);
            return false;
        }
        catch (KafkaStorageException refused)
        {
            Assert.True(FileShortage.IsOfDescriptors(refused.GetBaseException()));
            Assert.False(directory.Health.IsFailed);
            return true;
        }
    }

    private async Task<LogDirectory> Opened(IFileStore files, string path, Func<Uuid?, bool> isKnown)
    {
        var directory = LogDirectory.Open(Environment(files), path);
        await directory.LoadAll((_, topicId) => isKnown(topicId), static _ => LogSettings.Default);
        return directory;
    }

    private LogEnvironment Environment(IFileStore files) => new(files, _clock, new Random(1));
}
