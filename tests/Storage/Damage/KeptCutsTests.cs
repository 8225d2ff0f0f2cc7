using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>A log that loses nothing without a way back: what recovery cuts off it, with sound batches in it, is found beside it.</summary>
public sealed class KeptCutsTests : IRecoveryListener
{
    private const string Folder = "/data/__cluster_metadata-0";

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;
    private readonly List<LogRepair> _repairs = [];

    public KeptCutsTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1), new RecoveryWatch(_clock, this));
    }

    void IRecoveryListener.Repaired(LogRepair repair) => _repairs.Add(repair);

    void IRecoveryListener.Progressed(RecoveryProgress progress)
    {
    }

    /// <summary>Any byte of a batch in the middle: its offset, its length, its checksum, its records.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(17)]
    [InlineData(23)]
    [InlineData(60)]
    [InlineData(75)]
    public void WhatFollowsTheDamageIsKept(int at)
    {
        var path = $"{Folder}/{0:D20}.log";
        var sound = Fill(10);
        var position = 4 * Batches.Header(sound).SizeInBytes;
        byte[] damaged = [.. sound];
        damaged[position + at] ^= 0x40;
        _files.WriteAtomically(path, damaged);
        var log = Open();
        if (log.LogEndOffset == 10)
        {
            // A batch that lies about its offset alone, and is left out where it stands.
            Assert.Equal(damaged, _files.ReadAllBytes(path));
            return;
        }
        Assert.Equal(4, log.LogEndOffset);
        Assert.Equal(sound[..position], _files.ReadAllBytes(path));
        var cut = Assert.Single(_repairs, static repair => repair.Act == RepairAct.LogCut);
        Assert.Equal($"{path}.cut-{position}", cut.KeptAs);
        Assert.Equal(damaged[position..], _files.ReadAllBytes(cut.KeptAs!));
        // Both files are the log, as it was.
        byte[] both = [.. _files.ReadAllBytes(path), .. _files.ReadAllBytes(cut.KeptAs!)];
        Assert.Equal(damaged, both);
        log.Dispose();
        _repairs.Clear();
        Assert.Equal(4, Open().LogEndOffset);
        Assert.Empty(_repairs);
    }

    [Fact]
    public void ItIsDurableBeforeTheLogIsCut()
    {
        var bytes = Fill(10);
        var position = 4 * Batches.Header(bytes).SizeInBytes;
        bytes[position + 70] ^= 1;
        var path = $"{Folder}/{0:D20}.log";
        _files.WriteAtomically(path, bytes);
        _files.SyncFolder("/");
        _files.SyncFolder("/data");
        Open().Dispose();
        for (var seed = 0; seed < 20; seed++)
            Assert.Equal(bytes[position..], _files.Crash(seed).ReadAllBytes($"{path}.cut-{position}"));
    }

    /// <summary>Whole segments behind the damage are set aside; the indexes of a file that is no segment any more go.</summary>
    [Fact]
    public void SegmentsBehindTheDamageAreKept()
    {
        var bytes = Fill(10, segments: 3);
        byte[] second = _files.ReadAllBytes($"{Folder}/{10:D20}.log"), third = _files.ReadAllBytes($"{Folder}/{20:D20}.log");
        var position = 9 * Batches.Header(bytes).SizeInBytes;
        bytes[position + 70] ^= 1;
        _files.WriteAtomically($"{Folder}/{0:D20}.log", bytes);
        Assert.Equal(9, Open().LogEndOffset);
        Assert.Equal(bytes[position..], _files.ReadAllBytes($"{Folder}/{0:D20}.log.cut-{position}"));
        Assert.Equal(second, _files.ReadAllBytes($"{Folder}/{10:D20}.log.cut-0"));
        Assert.Equal(third, _files.ReadAllBytes($"{Folder}/{20:D20}.log.cut-0"));
        Assert.Equal(2, _repairs.Count(static repair => repair.KeptAs is not null));
        Assert.DoesNotContain(_files.List(Folder), static entry => entry.Name.StartsWith($"{20:D20}", StringComparison.Ordinal)
            && !entry.Name.EndsWith(".log.cut-0", StringComparison.Ordinal));
    }

    /// <summary>A write that did not end is none that anybody was told of.</summary>
    [Theory]
    [InlineData(-5)]
    [InlineData(0)]
    public void ATornTailIsCutAsItIsElsewhere(int changed)
    {
        var bytes = Fill(10);
        if (changed < 0)
            bytes = bytes[..(bytes.Length + changed)];
        else
            bytes[^1] ^= 1;
        _files.WriteAtomically($"{Folder}/{0:D20}.log", bytes);
        Assert.Equal(9, Open().LogEndOffset);
        Assert.Null(Assert.Single(_repairs).KeptAs);
        Assert.DoesNotContain(_files.List(Folder), static entry => entry.Name.Contains(".cut-", StringComparison.Ordinal));
    }

    /// <summary>A disk that damages the log again and again fills up with no copies: the start is refused, and nothing is changed.</summary>
    [Fact]
    public void ThereIsABoundOfThem()
    {
        var sound = Fill(10);
        var path = $"{Folder}/{0:D20}.log";
        var position = 4 * Batches.Header(sound).SizeInBytes;
        sound[position + 70] ^= 1;
        for (var i = 0; i < 16; i++)
        {
            _files.WriteAtomically(path, sound);
            Open().Dispose();
        }
        Assert.Equal(16, _repairs.Select(static repair => repair.KeptAs).Distinct().Count());
        _files.WriteAtomically(path, sound);
        var refused = Assert.Throws<LogCorruptionException>(() => Open());
        Assert.Contains($"{path} has to be cut at byte {position}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(sound, _files.ReadAllBytes(path));
    }

    private byte[] Fill(int records, int segments = 1)
    {
        var log = Open();
        for (var segment = 0; segment < segments; segment++)
        {
            if (segment > 0)
                log.Roll();
            for (var i = 0; i < records; i++)
                _ = log.Append(Batches.Plain(log.LogEndOffset));
        }
        log.Close();
        _repairs.Clear();
        return _files.ReadAllBytes($"{Folder}/{0:D20}.log");
    }

    private PartitionLog Open() =>
        PartitionLog.Open(_environment, Folder, new TopicPartition("__cluster_metadata", 0), LogSettings.Default, new LogOpening(false, KeepsCuts: true));
}
