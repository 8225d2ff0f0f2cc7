using KafkaCompat.Protocol;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>What a start finds otherwise than a stop left it is told of, also where nothing has to be cut; and what is ordinary is not.</summary>
public sealed class ToldAtTheStartTests : IRecoveryListener
{
    private const string Root = "/data";
    private const string Folder = "/data/t-0";

    private static readonly TopicPartition s_partition = new("t", 0);
    private static readonly Uuid s_topicId = new(7, 9);

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly List<LogRepair> _told = [];
    private ForgetfulFileStore _files;
    private LogSettings _settings = LogSettings.Default;

    public ToldAtTheStartTests() => _files = new ForgetfulFileStore(_clock);

    void IRecoveryListener.Repaired(LogRepair repair) => _told.Add(repair);

    void IRecoveryListener.Progressed(RecoveryProgress progress)
    {
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OrdinaryStartsTellNothing(bool clean)
    {
        for (var life = 0; life < 4; life++)
        {
            await Live(clean, log =>
            {
                // A leader's epoch that has no record yet, and a producer.
                log.Epochs.Assign(life * 2, log.LogEndOffset);
                _ = log.Append(Batches.Produced(log.LogEndOffset, 7, 0, life));
                log.Epochs.Assign((life * 2) + 1, log.LogEndOffset);
                if (life == 2)
                    log.Roll();
            });
            Assert.Empty(_told);
        }
    }

    [Fact]
    public async Task AFolderThatIsToBeDeleted()
    {
        await Live(clean: true, static _ => { });
        _files.Rename(Folder, $"{Root}/t-0.0123456789abcdef0123456789abcdef-delete");
        using var directory = await Open();
        var told = Assert.Single(_told);
        Assert.Equal((RepairAct.DeletionResumed, $"{Root}/t-0.0123456789abcdef0123456789abcdef-delete"), (told.Act, told.Path));
        Assert.True(_files.FolderExists(told.Path));
    }

    /// <summary>The disk has lost what it had confirmed: the last segment, or the end of it, at the end of a batch.</summary>
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, 2)]
    [InlineData(false, 2)]
    public async Task ASegmentThatIsShorterThanItsRecoveryPoint(bool clean, int left)
    {
        await Live(clean, static log =>
        {
            for (var i = 0; i < 10; i++)
            {
                if (i == 5)
                    log.Roll();
                _ = log.Append(Batches.Plain(i));
            }
            log.Sync();
        });
        var path = $"{Folder}/{5:D20}.log";
        using (var file = _files.Open(path, FileOpening.ReadWrite))
            file.SetLength(left * file.Length / 5);
        using var directory = await Open();
        Assert.Equal(5 + left, directory.Find(s_partition)!.LogEndOffset);
        var told = Assert.Single(_told, static repair => repair.Act == RepairAct.RecordsMissing);
        Assert.Equal((path, 5L + left, 10L), (told.Path, told.FromOffset, told.ToOffset));
    }

    /// <summary>As before, of a segment with another behind it: the log goes on, with a gap.</summary>
    [Theory]
    [InlineData(9, RepairAct.SegmentsDeleted, 5)]
    [InlineData(10, RepairAct.RecordsMissing, 15)]
    public async Task ASegmentThatIsEmptyBeforeOthers(long recoveryPoint, RepairAct act, long end)
    {
        await Live(clean: false, static log =>
        {
            for (var i = 0; i < 15; i++)
            {
                if (i is 5 or 10)
                    log.Roll();
                _ = log.Append(Batches.Plain(i));
            }
        });
        SetRecoveryPoint(recoveryPoint);
        using (var file = _files.Open($"{Folder}/{5:D20}.log", FileOpening.ReadWrite))
            file.SetLength(0);
        using var directory = await Open();
        var told = Assert.Single(_told);
        Assert.Equal((act, $"{Folder}/{5:D20}.log"), (told.Act, told.Path));
        Assert.Equal(end, directory.Find(s_partition)!.LogEndOffset);
    }

    /// <summary>
    /// Of a compacted log too: an empty segment may be compaction's work, but that has no entry in its time index. It is told of once, and not again when the
    /// power is cut after the first sync: what was emptied is on the disk as it is then, also where a kill came between the two.
    /// </summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(9, false)]
    [InlineData(0, true)]
    [InlineData(9, true)]
    public async Task ASegmentOfACompactedLogThatIsEmptyBeforeOthers(long recoveryPoint, bool isKilledBeforeTheSync)
    {
        for (var seed = 0; seed < 16; seed++)
        {
            var files = _files = new ForgetfulFileStore(_clock);
            _settings = LogSettings.Default with { IsCompacted = true };
            await Live(clean: false, static log =>
            {
                for (var i = 0; i < 15; i++)
                {
                    if (i is 5 or 10)
                        log.Roll();
                    _ = log.Append(Batches.Plain(i));
                }
                log.Sync();
            });
            SetRecoveryPoint(recoveryPoint);
            using (var file = files.Open($"{Folder}/{5:D20}.log", FileOpening.ReadWrite))
            {
                file.SetLength(0);
                file.Sync();
            }
            files.SyncFolder("/");
            _files = files.Kill();
            if (isKilledBeforeTheSync)
                await Live(clean: false, static _ => { });
            await Live(clean: false, static log => log.Sync());
            var told = Assert.Single(_told);
            Assert.Equal((RepairAct.RecordsMissing, $"{Folder}/{5:D20}.log", 5L, 10L), (told.Act, told.Path, told.FromOffset, told.ToOffset));
            _told.Clear();
            _files = _files.Crash(seed);
            await Live(clean: false, static log => Assert.Equal(15, log.LogEndOffset));
            Assert.Empty(_told);
        }
    }

    /// <summary>The epochs of a log whose end was lost at the end of a batch, with nothing torn.</summary>
    [Fact]
    public async Task EpochsOfRecordsThatAreGone()
    {
        await Live(clean: false, static log =>
        {
            for (var i = 0; i < 6; i++)
            {
                log.Epochs.Assign(i, i);
                _ = log.Append(Batches.Plain(i, epoch: i));
            }
            log.Sync();
        });
        SetRecoveryPoint(0);
        using (var file = _files.Open($"{Folder}/{0:D20}.log", FileOpening.ReadWrite))
            file.SetLength(file.Length / 2);
        using var directory = await Open();
        var log = directory.Find(s_partition)!;
        var told = Assert.Single(_told);
        Assert.Equal((RepairAct.EpochsCut, $"{Folder}/leader-epoch-checkpoint", 3L, 2L), (told.Act, told.Path, told.ToOffset, told.Count));
        Assert.Equal(2, log.Epochs.LatestEpoch);
    }

    [Fact]
    public async Task SnapshotsOfNoSegment()
    {
        await Live(clean: true, static log => log.Append(Batches.Produced(0, 7, 0, 0, records: 9)));
        var snapshot = _files.ReadAllBytes($"{Folder}/{9:D20}.snapshot");
        foreach (var offset in (long[])[2, 3, 4])
            _files.WriteAtomically($"{Folder}/{offset:D20}.snapshot", snapshot);
        using var directory = await Open();
        var told = Assert.Single(_told);
        Assert.Equal((RepairAct.SnapshotsDeleted, Folder, 3L), (told.Act, told.Path, told.Count));
    }

    private void SetRecoveryPoint(long offset) =>
        _files.WriteAtomically($"{Root}/{Checkpoints.OffsetCheckpoint.RecoveryPoints}", System.Text.Encoding.ASCII.GetBytes($"0\n1\nt 0 {offset}\n"));

    private async Task Live(bool clean, Action<PartitionLog> live)
    {
        using var directory = await Open();
        live(directory.Find(s_partition) ?? directory.Create(s_partition, s_topicId, _settings));
        if (clean)
            await directory.CloseCleanly(1, new Dictionary<TopicPartition, long>());
        else
            directory.WriteRecoveryPoints();
    }

    private async Task<LogDirectory> Open()
    {
        var directory = LogDirectory.Open(new LogEnvironment(_files, _clock, new Random(1), new RecoveryWatch(_clock, this)), Root);
        await directory.LoadAll(static (_, _) => true, _ => _settings);
        return directory;
    }
}
