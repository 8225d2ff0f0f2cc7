using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What a clean stop syncs of the logs that a start after a kill has opened: all that the next start trusts, and nothing twice.</summary>
public sealed class StopAfterKillTests
{
    private const string Root = "/data";
    private const int Logs = 20;

    private static readonly Uuid s_topicId = new(7, 9);

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _disk;
    private readonly CountedFileStore _files;

    public StopAfterKillTests()
    {
        _disk = new ForgetfulFileStore(_clock);
        _disk.CreateFolder(Root);
        _disk.SyncFolder("/");
        _files = new CountedFileStore(_disk);
    }

    [Fact]
    public async Task OfEmptyLogsWhoseTheyAreIsSynced()
    {
        await Kill(records: 0);
        var synced = await StopAgain();
        Assert.Equal(Folders().SelectMany(static folder => (string[])[folder, $"{folder}/{PartitionMetadataFile.FileName}"]).Order(StringComparer.Ordinal),
            synced.Where(IsInPartition).Order(StringComparer.Ordinal));
        // The names of the folders together; the rest is the checkpoints and the marker.
        Assert.InRange(synced.Count(static path => path == Root), 1, 6);
    }

    [Fact]
    public async Task NothingIsSyncedOfEmptyLogsWhoseNamesWereSyncedMeanwhile()
    {
        await Kill(records: 0);
        Assert.DoesNotContain(await StopAgain(areNamesSynced: true), IsInPartition);
    }

    [Fact]
    public async Task EachFileOfARecoveredLogIsSyncedOnceAndItsFolderBehindThem()
    {
        await Kill(records: 5);
        var synced = (await StopAgain()).Where(IsInPartition).ToList();
        Assert.Equal(synced.Distinct(StringComparer.Ordinal), synced);
        foreach (var folder in Folders())
        {
            Assert.Equal(folder, synced.Last(path => path.StartsWith(folder + "/", StringComparison.Ordinal) || path == folder));
            Assert.Contains($"{folder}/{0:D20}.log", synced);
            Assert.Contains($"{folder}/{0:D20}.timeindex", synced);
            Assert.Contains($"{folder}/{5:D20}.snapshot", synced);
        }
    }

    /// <summary>The recovery point says that they are on the disk.</summary>
    [Fact]
    public async Task RecordsThatWereSyncedBeforeTheKillAreNotSyncedAgain()
    {
        await Kill(records: 5, syncs: true);
        Assert.DoesNotContain(await StopAgain(), static path => path.EndsWith(".log", StringComparison.Ordinal));
    }

    /// <summary>The marker of a clean stop is true after a power cut too.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public async Task WhatIsMarkedAsCleanIsOnTheDisk(int records, bool areNamesSynced)
    {
        await Kill(records);
        _ = await StopAgain(areNamesSynced);
        for (var seed = 0; seed < 20; seed++)
        {
            using var directory = Open(_disk.Crash(seed));
            Assert.True(directory.WasClosedCleanly);
            await Load(directory);
            Assert.Equal(Logs, directory.Count);
            Assert.Empty(directory.Strays);
            Assert.All(directory.Logs,
                log => Assert.Equal((s_topicId, (long)records, records == 0 ? 0 : 1), (log.TopicId, log.LogEndOffset, log.Producers.Count)));
            Assert.Equal(0, directory.Environment.Recovery.Repairs);
        }
    }

    private static bool IsInPartition(string path) => path.StartsWith($"{Root}/t-", StringComparison.Ordinal);

    private static IEnumerable<string> Folders() => Enumerable.Range(0, Logs).Select(static index => $"{Root}/t-{index}");

    private async Task Kill(int records, bool syncs = false)
    {
        using var directory = Open(_files);
        await Load(directory);
        for (var i = 0; i < Logs; i++)
        {
            var log = directory.Create(new TopicPartition("t", i), s_topicId, LogSettings.Default);
            for (var offset = 0; offset < records; offset++)
                _ = log.Append(Batches.Produced(offset, 7, 0, offset));
            if (syncs)
                log.Sync();
        }
        directory.WriteRecoveryPoints();
    }

    private async Task<IReadOnlyList<string>> StopAgain(bool areNamesSynced = false)
    {
        using var directory = Open(_files);
        await Load(directory);
        if (areNamesSynced)
            await directory.SyncNewLogs();
        _files.Forget();
        await directory.CloseCleanly(1, new Dictionary<TopicPartition, long>());
        return [.. _files.Synced];
    }

    private static Task Load(LogDirectory directory) => directory.LoadAll(static (_, topicId) => topicId == s_topicId, static _ => LogSettings.Default);

    private LogDirectory Open(IFileStore files) => LogDirectory.Open(new LogEnvironment(files, _clock, new Random(1)), Root);
}
