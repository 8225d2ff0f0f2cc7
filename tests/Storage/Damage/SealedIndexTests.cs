using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>
/// A roll writes the last entry of the sealed segment's time index, also where each batch of it was synced already, as <c>flush.messages=1</c> has it.
/// </summary>
public sealed class SealedIndexTests
{
    private const string Folder = "/data/t-0";
    private const int Records = 3;
    private const int Seeds = 40;

    private static readonly string s_timeIndex = TimeIndexOf(0);

    private readonly FixedClock _clock = new(Batches.StartMs + 60_000);

    /// <summary>The sync of rolled segments keeps the entry, although the recovery point is the end of the sealed segment.</summary>
    [Fact]
    public void TheLastEntryIsSyncedBehindARollAtTheRecoveryPoint()
    {
        var store = NewStore();
        using var log = Fill(store);
        log.Roll();
        Assert.Equal(Records, log.RecoveryPoint);
        AssertNextSyncKeeps(store, log, baseOffset: 0);
    }

    /// <summary>A roll at any file beside a sync leaves either nothing to sync, or the next sync knows of it.</summary>
    [Theory]
    [InlineData(SegmentFiles.Log)]
    [InlineData(SegmentFiles.ProducerSnapshot)]
    public void ARollBesideASyncIsSyncedByTheNextOne(string at)
    {
        var store = NewStore();
        using var log = Fill(store);
        _ = log.Append(Batches.Produced(Records, 7, 0, 0));
        log.Roll();
        _ = log.Append(Batches.Plain(Records + 1, timestamp: Batches.StartMs + Records + 1));
        var hasRolled = false;
        store.FailSyncs(path =>
        {
            if (!hasRolled && path.EndsWith(at, StringComparison.Ordinal))
            {
                hasRolled = true;
                log.Roll();
            }
            return false;
        });
        log.Sync();
        Assert.True(hasRolled);
        store.FailSyncs(null);
        AssertNextSyncKeeps(store, log, baseOffset: Records + 1);
    }

    /// <summary>A sync that is refused for lack of descriptors has synced nothing: the next one knows of the segment.</summary>
    [Fact]
    public void ARefusedSyncForgetsNoSealedSegment()
    {
        var store = NewStore();
        var hooked = new HookedFileStore(store);
        using var log = Fill(hooked);
        _ = log.Append(Batches.Produced(Records, 7, 0, 0));
        log.Sync();
        log.Roll();
        hooked.Before = static (operation, path) =>
        {
            if (operation == nameof(IFileStore.Open) && path.EndsWith(SegmentFiles.ProducerSnapshot, StringComparison.Ordinal))
                throw HookedFileStore.TooManyOpenFiles();
        };
        _ = Assert.ThrowsAny<IOException>(() => log.Sync(log.ActiveSegmentBaseOffset));
        hooked.Before = null;
        AssertNextSyncKeeps(store, log, baseOffset: 0);
    }

    /// <summary>Where the power goes before that sync, the start makes the entry again: a search by time does not pass the segment by.</summary>
    [Fact]
    public void AnEntryThatAPowerCutTookIsMadeAgain()
    {
        var lost = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var store = NewStore();
            var log = Fill(store);
            log.Roll();
            // The new segment is there, so that nothing looks at the batches before it.
            store.SyncFolder(Folder);
            store = store.Crash(seed);
            lost += store.ReadAllBytes(s_timeIndex).Length == 0 ? 1 : 0;
            using var after = Open(store, new LogOpening(IsClean: false, RecoveryPoint: Records));
            for (var offset = 0; offset < Records; offset++)
                Assert.Equal(offset, after.FindByTimestamp(Batches.StartMs + offset)?.Offset);
            Assert.Equal(Records - 1, after.FindMaxTimestamp()?.Offset);
            Assert.Equal(TimeIndex.EntryBytes, store.ReadAllBytes(s_timeIndex).Length);
        }
        Assert.True(lost > 0, "the store kept every entry: it loses too little to show anything");
    }

    /// <summary>Records without timestamps have an empty index by right, and a start after a kill leaves it so.</summary>
    [Fact]
    public void AnIndexThatIsEmptyByRightStaysSo()
    {
        var store = NewStore();
        using (var log = Open(store, new LogOpening(IsClean: false)))
        {
            _ = log.Append(Batches.Plain(0, timestamp: -1));
            log.Sync();
            log.Roll();
            log.Sync();
            log.Close();
        }
        using var after = Open(store, new LogOpening(IsClean: false, RecoveryPoint: 1));
        Assert.Empty(store.ReadAllBytes(s_timeIndex));
        Assert.Equal(2, after.SegmentCount);
    }

    private static string TimeIndexOf(long baseOffset) => $"{Folder}/{SegmentFiles.Name(baseOffset, SegmentFiles.TimeIndex)}";

    /// <summary>The sync of rolled segments has something to do, and no power cut takes the only entry of a sealed one behind it.</summary>
    private static void AssertNextSyncKeeps(ForgetfulFileStore store, PartitionLog log, long baseOffset)
    {
        Assert.True(log.HasUnsyncedRolled);
        log.Sync(log.ActiveSegmentBaseOffset);
        Assert.False(log.HasUnsyncedRolled);
        for (var seed = 0; seed < Seeds; seed++)
            Assert.Equal(TimeIndex.EntryBytes, store.Crash(seed).ReadAllBytes(TimeIndexOf(baseOffset)).Length);
    }

    private ForgetfulFileStore NewStore()
    {
        var store = new ForgetfulFileStore(_clock);
        store.CreateFolder(Folder);
        store.SyncFolder("/");
        store.SyncFolder("/data");
        return store;
    }

    /// <summary>A log of one segment, each batch of which is synced, too small for an index entry before the roll.</summary>
    private PartitionLog Fill(IFileStore store)
    {
        var log = Open(store, new LogOpening(IsClean: false));
        for (var i = 0; i < Records; i++)
        {
            _ = log.Append(Batches.Plain(i, timestamp: Batches.StartMs + i));
            log.Sync();
        }
        return log;
    }

    private PartitionLog Open(IFileStore store, LogOpening opening) =>
        PartitionLog.Open(new LogEnvironment(store, _clock, new Random(1)), Folder, new TopicPartition("t", 0), LogSettings.Default, opening);
}
