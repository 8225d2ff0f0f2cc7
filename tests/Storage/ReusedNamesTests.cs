using KafkaCompat.Protocol;
using KafkaCompat.Storage.Checkpoints;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>A topic is deleted and another one gets its name: nothing that is kept by name may be taken for the new one's.</summary>
public sealed class ReusedNamesTests
{
    private const string Root = "/data";

    private static readonly TopicPartition s_key = new("t", 0);
    private static readonly Uuid s_old = new(7, 9);
    private static readonly Uuid s_new = new(7, 10);
    private static readonly LogSettings s_settings = LogSettings.Default with { SegmentBytes = 2_000, SegmentMs = long.MaxValue };
    private static readonly string[] s_checkpoints =
        [OffsetCheckpoint.RecoveryPoints, OffsetCheckpoint.LogStarts, OffsetCheckpoint.HighWatermarks, OffsetCheckpoint.Cleaner];

    private readonly FixedClock _clock = new(Batches.StartMs);

    /// <summary>The old topic's records were deleted up to 50 and that was written down; the new one's are below it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AcknowledgedRecordsOfATopicThatWasMadeAnewSurvive(bool isPowerCut)
    {
        var store = WithOldTopic(out var directory);
        directory.Delete(s_key);
        var batch = Batches.Plain(0, 30, epoch: 1);
        var log = directory.Create(s_key, s_new, s_settings);
        log.Append(batch);
        log.Sync();
        store = isPowerCut ? store.Crash(3) : store.Kill();
        using var after = Open(store);
        Load(after, s_new);
        var found = after.Find(s_key)!;
        Assert.Equal((0L, 30L), (found.LogStartOffset, found.LogEndOffset));
        Assert.Equal(batch, found.ReadAll(0));
    }

    /// <summary>
    /// Wherever the power goes between a deletion and the acknowledgement of the next topic's records, and also where only the process is killed.
    /// </summary>
    [Fact]
    public void NoFileTellsANewTopicWhatWasTrueOfTheOldOneWhereverTheDeletionIsCutShort()
    {
        var isDone = false;
        for (var operations = 0; !isDone; operations++)
        {
            foreach (var isPowerCut in (bool[])[false, true])
            {
                var store = WithOldTopic(out var directory);
                store.CutPowerAfter(store.Operations + operations);
                try
                {
                    directory.Delete(s_key);
                    _ = directory.Create(s_key, s_new, s_settings);
                    isDone = true;
                }
                catch (KafkaStorageException)
                {
                    // As asked for.
                }
                store = isPowerCut ? store.Crash(operations) : store.Kill();
                using (var next = Open(store))
                {
                    Load(next, s_new);
                    var log = next.Find(s_key) ?? next.Create(s_key, s_new, s_settings);
                    Assert.Equal((0L, 0L, 0L), (log.LogStartOffset, log.LogEndOffset, log.RecoveryPoint));
                    foreach (var checkpoint in s_checkpoints)
                        Assert.DoesNotContain(s_key, OffsetCheckpoint.Read(store, $"{Root}/{checkpoint}"));
                    log.Append(Batches.Plain(0, 30));
                    log.Sync();
                }
                store = store.Kill();
                using var last = Open(store);
                Load(last, s_new);
                Assert.Equal((0L, 30L), (last.Find(s_key)!.LogStartOffset, last.Find(s_key)!.LogEndOffset));
            }
        }
    }

    /// <summary>The background task read the watermarks, then the topic was deleted and made anew, then the task wrote.</summary>
    [Fact]
    public void WhatABackgroundTaskSawOfADeletedTopicIsNotWrittenDownForTheNextOne()
    {
        using var directory = Open(new ForgetfulFileStore(_clock));
        Load(directory, s_old);
        _ = directory.Create(s_key, s_old, s_settings);
        Dictionary<TopicPartition, long> served = new() { [s_key] = 100 };
        directory.WriteHighWatermarks(() => served);
        Assert.Equal(100, directory.ReadHighWatermarks()[s_key]);
        served.Clear();
        directory.Delete(s_key);
        Assert.Empty(directory.ReadHighWatermarks());
        _ = directory.Create(s_key, s_new, s_settings);
        directory.WriteHighWatermarks(() => served);
        Assert.Empty(directory.ReadHighWatermarks());
    }

    /// <summary>A folder of the name is there and not in use: of a deletion that was refused, or put there by a person.</summary>
    [Fact]
    public void ANewTopicDoesNotTakeOverTheFolderOfAnother()
    {
        var store = WithOldTopic(out var directory);
        directory.Dispose();
        using var next = Open(store.Kill());
        var log = next.Create(s_key, s_new, s_settings);
        Assert.Equal((0L, 0L), (log.LogStartOffset, log.LogEndOffset));
        Assert.Contains(next.Environment.Files.List(Root), static entry => entry.IsFolder && entry.Name.EndsWith("-stray", StringComparison.Ordinal));
    }

    /// <summary>A creation that was refused is tried again: what it made is used, with what is known of it.</summary>
    [Fact]
    public void AFolderThatWasBegunForThePartitionIsUsed()
    {
        var store = WithOldTopic(out var directory);
        directory.Dispose();
        using var next = Open(store.Kill());
        var log = next.Create(s_key, s_old, s_settings);
        Assert.Equal((50L, 100L), (log.LogStartOffset, log.LogEndOffset));
    }

    [Fact]
    public void ManyDeletionsAreMadeDurableTogether()
    {
        const int Partitions = 100;
        var store = new HookedFileStore(new ForgetfulFileStore(_clock));
        using var directory = Open(store);
        var keys = Enumerable.Range(0, Partitions).Select(static index => new TopicPartition("t", index)).ToList();
        foreach (var key in keys)
            _ = directory.Create(key, s_old, s_settings).Append(Batches.Plain(0));
        directory.WriteRecoveryPoints();
        var syncs = 0;
        store.Before = (operation, _) => syncs += operation == nameof(IFileStore.SyncFolder) ? 1 : 0;
        directory.Delete(keys);
        Assert.Equal(1, syncs);
        Assert.Equal(0, directory.Count);
    }

    /// <summary>A partition that nothing was synced of yet lives through a kill of the process; the next life has to make it durable.</summary>
    [Fact]
    public void AKillLeavesNothingUnsyncedThatTheNextLifeTakesForSynced()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var store = new ForgetfulFileStore(_clock);
            using (var directory = Open(store))
            {
                store.SyncFolder("/");
                _ = directory.Create(s_key, s_old, s_settings).Append(Batches.Plain(0, epoch: 2));
            }
            store = store.Kill();
            using (var directory = Open(store))
            {
                Load(directory, s_old);
                directory.Find(s_key)!.Append(Batches.Plain(1, epoch: 2));
                directory.Find(s_key)!.Sync();
            }
            using var after = Open(store.Crash(seed));
            Load(after, s_old);
            Assert.Equal(2, after.Find(s_key)?.LogEndOffset);
        }
    }

    [Fact]
    public void ADirectoryThatFailedLetsGoOfADeletedLog()
    {
        using var directory = Open(new ForgetfulFileStore(_clock));
        var log = directory.Create(s_key, s_old, s_settings);
        log.Append(Batches.Plain(0));
        directory.Health.Fail(new IOException("the disk is gone"));
        directory.Delete(s_key);
        Assert.Null(directory.Find(s_key));
        _ = Assert.Throws<ObjectDisposedException>(() => log.Read(0, 1, 1, true));
    }

    private static void Load(LogDirectory directory, Uuid topic) => directory.LoadAll((_, id) => id == topic, static _ => s_settings);

    private LogDirectory Open(IFileStore store) => LogDirectory.Open(new LogEnvironment(store, _clock, new Random(1)), Root);

    /// <summary>A hundred records, the first fifty of them deleted, and every checkpoint names the partition.</summary>
    private ForgetfulFileStore WithOldTopic(out LogDirectory directory)
    {
        var store = new ForgetfulFileStore(_clock);
        store.CreateFolder(Root);
        store.SyncFolder("/");
        directory = Open(store);
        var log = directory.Create(s_key, s_old, s_settings);
        for (var i = 0; i < 10; i++)
            log.Append(Batches.Plain(i * 10, 10));
        log.Sync();
        // Apache Kafka's cleaner has been here.
        directory.Dispose();
        OffsetCheckpoint.Write(store, $"{Root}/{OffsetCheckpoint.Cleaner}", new Dictionary<TopicPartition, long> { [s_key] = 40 });
        directory = Open(store);
        Load(directory, s_old);
        directory.Find(s_key)!.AdvanceLogStart(50);
        directory.WriteRecoveryPoints();
        directory.WriteLogStarts();
        directory.WriteHighWatermarks(static () => new Dictionary<TopicPartition, long> { [s_key] = 100 });
        return store;
    }
}
