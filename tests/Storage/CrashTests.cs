using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>
/// Power cuts at any operation, on a disk that loses, keeps and tears what was not synced as a seed decides. Whatever was synced is there afterwards,
/// byte for byte; what else is there is a whole prefix of what was written; and the log goes on from there.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const string Root = "/data";
    private const int Seeds = 300;

    private static readonly LogSettings s_settings = LogSettings.Default with { SegmentBytes = 4_000, IndexIntervalBytes = 300, SegmentMs = long.MaxValue };

    [Fact]
    public void WhatWasSyncedIsThereAfterAPowerCut()
    {
        var first = Environment.GetEnvironmentVariable("CRASH_SEED") is { Length: > 0 } seed
            ? int.Parse(seed, System.Globalization.CultureInfo.InvariantCulture)
            : 1;
        var fresh = Environment.TickCount & 0xffffff;
        foreach (var run in Enumerable.Range(first, Seeds).Concat(Enumerable.Range(fresh, 20)))
        {
            try
            {
                Crash(run);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {run} (CRASH_SEED={run} starts there): {failure.Message}", failure);
            }
        }
        output.WriteLine($"seeds {first} to {first + Seeds - 1}, and {fresh} to {fresh + 19}");
    }

    [Fact]
    public void AFailedSyncFailsTheDirectoryForGood()
    {
        var clock = new FixedClock(Batches.StartMs);
        var store = new ForgetfulFileStore(clock);
        var environment = new LogEnvironment(store, clock, new Random(1));
        var log = PartitionLog.Open(environment, Root + "/t-0", new TopicPartition("t", 0), s_settings, new LogOpening(false));
        log.Append(Batches.Plain(0));
        var failures = 0;
        environment.Health.Failed += _ => failures++;
        store.FailSyncs(static path => path.EndsWith(".log", StringComparison.Ordinal));
        _ = Assert.Throws<KafkaStorageException>(log.Sync);
        store.FailSyncs(null);
        _ = Assert.Throws<KafkaStorageException>(log.Sync);
        _ = Assert.Throws<KafkaStorageException>(() => log.Append(Batches.Plain(1)));
        Assert.Equal(1, failures);
        Assert.Equal(0, log.RecoveryPoint);
    }

    [Fact]
    public void AFullDiskLeavesNothingOfTheAppend()
    {
        var clock = new FixedClock(Batches.StartMs);
        var store = new ForgetfulFileStore(clock);
        var environment = new LogEnvironment(store, clock, new Random(1));
        var folder = Root + "/t-0";
        var log = PartitionLog.Open(environment, folder, new TopicPartition("t", 0), s_settings, new LogOpening(false));
        var first = Batches.Plain(0);
        log.Append(first);
        store.LeaveFree(50);
        _ = Assert.Throws<KafkaStorageException>(() => log.Append(Batches.Plain(1)));
        Assert.Equal(1, log.LogEndOffset);
        Assert.True(environment.Health.IsFailed);
        Assert.Equal(first.Length, store.List(folder).Single(static entry => entry.Name.EndsWith(".log", StringComparison.Ordinal)).Length);
    }

    /// <summary>A new log's folder, and what says whose it is, are not synced when it is made: the first sync of its records has to do that.</summary>
    [Fact]
    public async Task ARecordThatWasSyncedKeepsItsNewPartitionAfterAPowerCut()
    {
        var (clock, key, topic) = (new FixedClock(Batches.StartMs), new TopicPartition("t", 0), new Uuid(7, 9));
        for (var seed = 0; seed < 50; seed++)
        {
            var store = new ForgetfulFileStore(clock);
            store.CreateFolder(Root);
            store.SyncFolder("/");
            var isSynced = seed % 2 == 0;
            using (var directory = LogDirectory.Open(new LogEnvironment(store, clock, new Random(1)), Root))
            {
                var log = directory.Create(key, topic, s_settings);
                log.Append(Batches.Plain(0, epoch: 3));
                if (isSynced)
                    log.Sync();
                else
                    await directory.SyncNewLogs();
            }
            store = store.Crash(seed);
            using var after = LogDirectory.Open(new LogEnvironment(store, clock, new Random(1)), Root);
            await after.LoadAll((_, id) => id == topic, _ => s_settings);
            Assert.Empty(after.Strays);
            var found = Assert.Single(after.Logs);
            if (!isSynced)
                continue;
            Assert.Equal(1, found.LogEndOffset);
            Assert.Equal([new LeaderEpochEntry(3, 0)], found.Epochs.Entries());
        }
    }

    /// <summary>
    /// The power goes before anything of a new partition was synced: whatever is left of it, the directory opens, and what is not whole is set aside.
    /// </summary>
    [Fact]
    public async Task ANewPartitionThatAPowerCutTookInPartIsSetAside()
    {
        var (clock, key, topic) = (new FixedClock(Batches.StartMs), new TopicPartition("t", 0), new Uuid(7, 9));
        int absent = 0, strays = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var store = new ForgetfulFileStore(clock);
            store.CreateFolder(Root);
            store.SyncFolder("/");
            using (var directory = LogDirectory.Open(new LogEnvironment(store, clock, new Random(1)), Root))
                directory.Create(key, topic, s_settings).Append(Batches.Plain(0));
            store = store.Crash(seed);
            using var after = LogDirectory.Open(new LogEnvironment(store, clock, new Random(1)), Root);
            await after.LoadAll((_, id) => id == topic, _ => s_settings);
            absent += after.Count == 0 && after.Strays.Count == 0 ? 1 : 0;
            strays += after.Strays.Count;
            _ = after.Find(key) ?? after.Create(key, topic, s_settings);
        }
        Assert.True(absent > 0 && strays > 0, $"{absent} times nothing was left, {strays} times a part: the store loses too little to show anything.");
    }

    private static void Crash(int seed)
    {
        var random = new Random(seed);
        var clock = new FixedClock(Batches.StartMs);
        var store = new ForgetfulFileStore(clock);
        var written = new List<byte[]>();
        long synced = 0, recoveryPoint = 0;
        var generations = random.Next(1, 4);
        for (var generation = 0; generation < generations; generation++)
        {
            store.CutPowerAfter(store.Operations + random.Next(1, 400));
            PartitionLog? log = null;
            try
            {
                log = Open(store, clock, recoveryPoint);
                Verify(log, written, synced);
                Work(log, random, written, ref synced, ref recoveryPoint, store);
            }
            catch (IOException failure) when (failure is PowerCutException || failure.InnerException is PowerCutException)
            {
                // The power is gone, as asked for.
            }
            log?.Dispose();
            store = store.Crash(random.Next());
        }
        var last = Open(store, clock, recoveryPoint);
        Verify(last, written, synced);
        _ = last.Append(Batches.Plain(last.LogEndOffset));
        last.Close();
        var trusted =
            PartitionLog.Open(new LogEnvironment(store, clock, new Random(1)), Root + "/t-0", new TopicPartition("t", 0), s_settings, new LogOpening(true));
        Assert.Equal(last.LogEndOffset, trusted.LogEndOffset);
        Assert.Equal(last.Producers.Describe().Count, trusted.Producers.Describe().Count);
    }

    private static PartitionLog Open(ForgetfulFileStore store, FixedClock clock, long recoveryPoint)
    {
        if (!store.FolderExists(Root))
        {
            store.CreateFolder(Root);
            store.SyncFolder("/");
        }
        var environment = new LogEnvironment(store, clock, new Random(1));
        return PartitionLog.Open(environment, Root + "/t-0", new TopicPartition("t", 0), s_settings, new LogOpening(false, recoveryPoint));
    }

    private static void Work(PartitionLog log, Random random, List<byte[]> written, ref long synced, ref long recoveryPoint, ForgetfulFileStore store)
    {
        // What a crash has taken is written no more: the list holds what the log holds.
        _ = written.RemoveAll(batch => Batches.Header(batch).BaseOffset >= log.LogEndOffset);
        var sequence = 0;
        while (true)
        {
            var offset = log.LogEndOffset;
            var batch = random.Next(4) switch
            {
                0 => Batches.Produced(offset, 7, 1, sequence++, transactional: true),
                1 => Batches.Marker(offset, 7, 1, commit: random.Next(2) == 0),
                2 => Batches.Plain(offset, random.Next(1, 20), random.Next(200)),
                _ => Batches.Plain(offset, 1, random.Next(2000), epoch: random.Next(3)),
            };
            written.Add(batch);
            log.Append(batch);
            if (random.Next(6) == 0)
            {
                var end = log.LogEndOffset;
                log.Sync();
                synced = end;
                // The checkpoint is written now and then, and may be far behind.
                if (random.Next(3) == 0)
                    recoveryPoint = log.RecoveryPoint;
            }
            if (random.Next(40) == 0)
                log.Roll();
            _ = store;
        }
    }

    private static void Verify(PartitionLog log, List<byte[]> written, long synced)
    {
        Assert.True(log.LogEndOffset >= synced, $"The log ends at {log.LogEndOffset}, {synced} was synced.");
        var all = log.ReadAll(0);
        var expected = new ArrayBufferWriter<byte>();
        foreach (var batch in written)
        {
            if (Batches.Header(batch).BaseOffset < log.LogEndOffset)
                expected.Write(batch);
        }
        Assert.True(expected.WrittenSpan.SequenceEqual(all), $"{all.Length} bytes are there, {expected.WrittenCount} were written up to {log.LogEndOffset}.");
        var epochs = new List<LeaderEpochEntry>();
        foreach (var header in written.Select(Batches.Header).Where(header => header.BaseOffset < log.LogEndOffset))
        {
            if (epochs.Count == 0 || header.PartitionLeaderEpoch > epochs[^1].Epoch)
                epochs.Add(new LeaderEpochEntry(header.PartitionLeaderEpoch, header.BaseOffset));
        }
        Assert.Equal(epochs, log.Epochs.Entries());
    }
}
