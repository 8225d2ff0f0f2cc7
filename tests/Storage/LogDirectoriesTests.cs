using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Several log directories of one broker.</summary>
public sealed class LogDirectoriesTests
{
    private static readonly Uuid s_topicId = new(7, 9);
    private static readonly Uuid[] s_ids = [new(1, 1), new(2, 2), new(3, 3)];

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _files;

    public LogDirectoriesTests() => _files = new ForgetfulFileStore(_clock);

    [Fact]
    public void A_new_log_goes_where_the_fewest_are_unless_the_metadata_says_where()
    {
        using var directories = Open();
        for (var i = 0; i < 6; i++)
            _ = directories.Create(new TopicPartition("t", i), s_topicId, null, LogSettings.Default);
        Assert.Equal([2, 2, 2], directories.All.Select(static d => d.Count));
        var log = directories.Create(new TopicPartition("u", 0), s_topicId, s_ids[2], LogSettings.Default);
        Assert.Equal("/disk2/u-0", log.Folder);
        Assert.Equal(s_ids[2], directories.HomeOf(log.Partition)!.Id);
        // A directory that nobody has any more: a new one takes its place.
        Assert.Equal("/disk0/u-1", directories.Create(new TopicPartition("u", 1), s_topicId, new Uuid(8, 8), LogSettings.Default).Folder);
    }

    [Fact]
    public void What_a_lost_directory_holds_is_not_made_anew_elsewhere()
    {
        using var directories = Open();
        directories.All[1].Health.Fail(new IOException("the disk is gone"));
        Assert.Equal([s_ids[1]], directories.FailedIds);
        var refused =
            Assert.Throws<KafkaStorageException>(() => directories.Create(new TopicPartition("t", 0), s_topicId, s_ids[1], LogSettings.Default));
        Assert.Contains("the log directory /disk1 has failed", refused.Message, StringComparison.Ordinal);
        Assert.Equal("/disk2/t-1", directories.Create(new TopicPartition("t", 1), s_topicId, s_ids[2], LogSettings.Default).Folder);
        Assert.Equal("/disk0/t-2", directories.Create(new TopicPartition("t", 2), s_topicId, null, LogSettings.Default).Folder);
    }

    /// <summary>
    /// The folder of another topic is set aside, and the new topic's log is not made in that start, which may end before any step on files, or be refused a
    /// descriptor there: the next one does not take for the new topic's what the checkpoint says of the old one.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_checkpoint_says_of_a_folder_that_is_set_aside_goes_with_it(bool isShortage)
    {
        var partition = new TopicPartition("t", 0);
        var isLast = false;
        for (var step = 1; !isLast; step++)
        {
            var files = new ForgetfulFileStore(_clock);
            using (var first = LogDirectory.Open(Environment(files), "/data"))
            {
                _ = first.Create(partition, s_topicId, LogSettings.Default).Append(Batches.Plain(0, 5));
                await first.CloseCleanly(1, new Dictionary<TopicPartition, long> { [partition] = 5 });
            }
            files.Delete("/data/" + LogDirectory.CleanMarkerName);
            var steps = 0;
            var ending = new HookedFileStore(files)
            {
                Before = (_, path) =>
                {
                    steps++;
                    if (isShortage && steps == step) throw HookedFileStore.TooManyOpenFiles();
                    if (!isShortage && steps >= step) throw new IOException(path);
                },
            };
            try
            {
                using var second = LogDirectory.Open(Environment(ending), "/data");
                await second.LoadAll(static (_, _) => false, static _ => LogSettings.Default);
            }
            catch (IOException)
            {
            }
            isLast = steps < step;
            using var third = new LogDirectories([LogDirectory.Open(Environment(files.Kill()), "/data")]);
            await third.LoadAll(static (_, _) => false, static _ => LogSettings.Default);
            _ = third.HighWatermarksAtStart(static _ => true);
            Assert.Equal((step, 0), (step, third.Recovery.CountOf(RepairAct.AcknowledgedLost)));
            Assert.Empty(third.All[0].ReadHighWatermarks());
        }
    }

    [Fact]
    public async Task Each_directory_writes_down_its_own_logs_and_is_marked_by_itself()
    {
        var here = new TopicPartition("t", 0);
        var there = new TopicPartition("t", 1);
        using (var directories = Open())
        {
            _ = directories.Create(here, s_topicId, s_ids[0], LogSettings.Default).Append(Batches.Plain(0, 3));
            _ = directories.Create(there, s_topicId, s_ids[1], LogSettings.Default).Append(Batches.Plain(0, 5));
            await Task.WhenAll(
                directories.All.Select(directory => directory.CloseCleanly(12, new Dictionary<TopicPartition, long> { [here] = 3, [there] = 5 })));
        }
        Assert.Equal([new(here, 3)], OffsetCheckpoint.Read(_files, "/disk0/" + OffsetCheckpoint.HighWatermarks));
        Assert.Equal([new(there, 5)], OffsetCheckpoint.Read(_files, "/disk1/" + OffsetCheckpoint.RecoveryPoints));
        Assert.Empty(OffsetCheckpoint.Read(_files, "/disk2/" + OffsetCheckpoint.HighWatermarks));
        using (var again = Open())
        {
            Assert.Equal(12, again.BrokerEpochAtShutdown);
            Assert.Equal((3, 5), (again.HighWatermarksAtStart()[here], again.HighWatermarksAtStart()[there]));
            Assert.Equal(("/disk0/t-0", 5L), (again.Find(here)!.Folder, again.Find(there)!.LogEndOffset));
            await again.All[0].CloseCleanly(13, new Dictionary<TopicPartition, long>());
        }
        // One marker of three: the broker does not know where it stood.
        using var unclean = Open();
        Assert.Equal(-1, unclean.BrokerEpochAtShutdown);
    }

    [Fact]
    public async Task A_start_reads_each_checkpoint_once()
    {
        using (var directories = Open())
        {
            directories.Create(new TopicPartition("t", 0), s_topicId, s_ids[0], LogSettings.Default).Append(Batches.Plain(0, 3));
            await Task.WhenAll(directories.All.Select(directory => directory.CloseCleanly(12, new Dictionary<TopicPartition, long> { [new("t", 0)] = 3 })));
        }
        var counted = new CountedFileStore(_files);
        using var directory = LogDirectory.Open(new LogEnvironment(counted, _clock, new Random(1)), "/disk0");
        using var again = new LogDirectories([directory]);
        await again.LoadAll(static (_, _) => true, static _ => LogSettings.Default);
        Assert.Equal(3, again.HighWatermarksAtStart()[new("t", 0)]);
        foreach (var name in (string[])[OffsetCheckpoint.RecoveryPoints, OffsetCheckpoint.LogStarts, OffsetCheckpoint.HighWatermarks])
            Assert.Equal(1, counted.Opened.Count(path => path == "/disk0/" + name));
    }

    [Fact]
    public void Two_logs_of_one_partition_are_refused()
    {
        using (var directories = Open())
        {
            _ = directories.All[0].Create(new TopicPartition("t", 0), s_topicId, LogSettings.Default).Append(Batches.Plain(0));
            _ = directories.All[2].Create(new TopicPartition("t", 0), s_topicId, LogSettings.Default).Append(Batches.Plain(0));
        }
        var refused = Assert.Throws<LogCorruptionException>(() => Open());
        Assert.Contains("/disk0/t-0", refused.Message, StringComparison.Ordinal);
        Assert.Contains("/disk2/t-0", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A disk failed while the log was made there; the partition began elsewhere, and the disk is well again.</summary>
    [Theory]
    [InlineData(0, 2)]
    [InlineData(2, 0)]
    public void Of_two_logs_of_one_partition_one_that_was_never_used_goes(int used, int unused)
    {
        using (var directories = Open())
        {
            _ = directories.All[used].Create(new TopicPartition("t", 0), s_topicId, LogSettings.Default).Append(Batches.Plain(0, 3));
            _ = directories.All[unused].Create(new TopicPartition("t", 0), s_topicId, LogSettings.Default);
        }
        using var again = Open();
        var log = again.Find(new TopicPartition("t", 0))!;
        Assert.Equal(($"/disk{used}/t-0", 3L), (log.Folder, log.LogEndOffset));
        Assert.False(_files.FolderExists($"/disk{unused}/t-0"));
    }

    /// <summary>What is told of such a loss is told of the log that is served.</summary>
    [Fact]
    public void Of_two_empty_logs_the_one_that_lost_its_records_stays()
    {
        var partition = new TopicPartition("t", 0);
        using (var directories = Open())
        {
            _ = directories.All[0].Create(partition, s_topicId, LogSettings.Default);
            _ = directories.All[1].Create(partition, s_topicId, LogSettings.Default);
            directories.All[1].WriteHighWatermarks(() => new Dictionary<TopicPartition, long> { [partition] = 100 });
        }
        using var again = Open();
        Assert.Equal("/disk1/t-0", again.Find(partition)!.Folder);
        Assert.Equal(100, again.HighWatermarksAtStart()[partition]);
        Assert.False(_files.FolderExists("/disk0/t-0"));
    }

    [Fact]
    public void A_move_under_way_stays_as_it_is_and_goes_with_its_partition()
    {
        var partition = new TopicPartition("t", 0);
        var future = "/disk1/" + partition.SetAsideName(LogFolderKind.Future, new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        using (var directories = Open())
            _ = directories.Create(partition, s_topicId, s_ids[0], LogSettings.Default);
        _files.CreateFolder(future);
        PartitionMetadataFile.Write(_files, future, s_topicId);
        using var again = Open();
        Assert.Equal("/disk0/t-0", again.Find(partition)!.Folder);
        Assert.Equal(future, Assert.Single(again.All[1].Futures).Folder);
        Assert.Equal(0, again.All[1].Count);
        again.Delete(partition);
        Assert.False(_files.FolderExists(future));
        foreach (var directory in again.All) directory.DeleteDue(_clock.NowMs + LogSettings.Default.FileDeleteDelayMs);
        Assert.DoesNotContain(_files.List("/disk1"), static entry => entry.IsFolder);
        Assert.DoesNotContain(_files.List("/disk0"), static entry => entry.IsFolder);
    }

    [Fact]
    public async Task A_move_within_one_directory_shares_its_lines_in_the_checkpoints()
    {
        var partition = new TopicPartition("t", 0);
        using (var directories = Open())
            directories.Create(partition, s_topicId, s_ids[0], LogSettings.Default).Append(Batches.Plain(0, 10));
        var future = "/disk0/" + partition.SetAsideName(LogFolderKind.Future, new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        _files.CreateFolder(future);
        PartitionMetadataFile.Write(_files, future, s_topicId);
        using var again = Open();
        Assert.Equal((10L, 0L), (again.Find(partition)!.LogEndOffset, Assert.Single(again.All[0].Futures).LogEndOffset));
        await again.All[0].CloseCleanly(1, new Dictionary<TopicPartition, long> { [partition] = 10 });
        Assert.Equal(0, OffsetCheckpoint.Read(_files, "/disk0/" + OffsetCheckpoint.RecoveryPoints)[partition]);
    }

    private LogEnvironment Environment(IFileStore files) => new(files, _clock, new Random(1));

    private LogDirectories Open()
    {
        var opened = new List<LogDirectory>();
        foreach (var id in s_ids)
        {
            var path = "/disk" + opened.Count;
            _files.CreateFolder(path);
            if (MetaProperties.Read(_files, path) is null)
                new MetaProperties("cluster", 1, id).Write(_files, path, _clock.GetUtcNow());
            opened.Add(LogDirectory.Open(new LogEnvironment(_files, _clock, new Random(opened.Count)), path));
        }
        var directories = new LogDirectories(opened);
        try
        {
            directories.LoadAll(static (_, _) => true, static _ => LogSettings.Default).GetAwaiter().GetResult();
            return directories;
        }
        catch
        {
            directories.Dispose();
            throw;
        }
    }
}
