using System.Buffers.Binary;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>What an index says is compared with the log before anything follows from it.</summary>
public sealed class IndexTrustTests
{
    private const string Folder = "/data/t-0";

    private static readonly LogSettings Settings = LogSettings.Default with { IndexIntervalBytes = 100, RetentionMs = 3_600_000, FileDeleteDelayMs = 0 };

    private readonly FixedClock _clock = new(Batches.StartMs + 60_000);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;

    public IndexTrustTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    /// <summary>Records of a minute ago are not old, whatever the time index says of them.</summary>
    [Theory]
    [InlineData("zeros", true)]
    [InlineData("zeros", false)]
    [InlineData("old times", true)]
    [InlineData("old times", false)]
    [InlineData("first entry alone", true)]
    [InlineData("of another segment", true)]
    [InlineData("of another segment", false)]
    public void NoSegmentIsDeletedOnTheWordOfItsTimeIndex(string damage, bool clean)
    {
        Fill(clean: true);
        var path = $"{Folder}/{0:D20}.timeindex";
        var index = _files.ReadAllBytes(path);
        var entries = index.Length / TimeIndex.EntryBytes;
        Assert.True(entries > 2);
        var damaged = damage switch
        {
            "zeros" => new byte[index.Length],
            "first entry alone" => index[..TimeIndex.EntryBytes],
            _ => [.. index],
        };
        for (var i = 0; damage is "old times" or "of another segment" && i < entries; i++)
            BinaryPrimitives.WriteInt64BigEndian(damaged.AsSpan(i * TimeIndex.EntryBytes), 1_000_000_000_000 + i);
        _files.WriteAtomically(path, damage == "of another segment" ? damaged[..(2 * TimeIndex.EntryBytes)] : damaged);
        var log = Open(clean, recoveryPoint: 24);
        Assert.Equal(0, log.ApplyRetention(_clock.GetUtcNow().ToUnixTimeMilliseconds(), log.LogEndOffset));
        Assert.Equal(3, log.FindByTimestamp(Batches.StartMs + 3)!.Value.Offset);
        Assert.Equal(0, log.LogStartOffset);
        Assert.Equal(3, log.ApplyRetention(Batches.StartMs + 4_000_000, log.LogEndOffset));
    }

    /// <summary>A batch whose time the disk changes keeps its segment; those behind it are searched all the same.</summary>
    [Theory]
    [InlineData(0x20)]
    [InlineData(0x80)]
    public void ATimeThatTheDiskChangesHidesNoRecordOfALaterSegment(byte bit)
    {
        Fill(clean: true);
        var path = $"{Folder}/{0:D20}.log";
        var bytes = _files.ReadAllBytes(path);
        bytes[(5 * Batches.Header(bytes).SizeInBytes) + RecordBatchHeader.MaxTimestampPosition] ^= bit;
        _files.WriteAtomically(path, bytes);
        var log = Open(clean: true, recoveryPoint: 24);
        // The first segment is old by its index, so that all of its batches are looked at. A batch of another time than the index has decides nothing.
        var isLater = bit == 0x20;
        Assert.Equal(isLater ? 0 : 2, log.ApplyRetention(Batches.StartMs + Settings.RetentionMs + 20, log.LogEndOffset));
        for (var offset = isLater ? 10 : 20; offset < 24; offset++)
            Assert.Equal(offset, log.FindByTimestamp(Batches.StartMs + offset)!.Value.Offset);
    }

    /// <summary>A sealed segment whose index is missing gets one that a power cut does not take again.</summary>
    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void ARebuiltIndexIsDurable(string kind)
    {
        Fill(clean: true);
        var path = $"{Folder}/{0:D20}{kind}";
        var sound = _files.ReadAllBytes(path);
        _files.SyncFolder("/");
        _files.SyncFolder("/data");
        _files.WriteAtomically(path, sound.AsSpan(..^3));
        using (Open(clean: true, recoveryPoint: 24))
        {
        }
        for (var seed = 0; seed < 20; seed++)
            Assert.Equal(sound, _files.Crash(seed).ReadAllBytes(path));
    }

    [Theory]
    [InlineData(1, 9, true)]
    [InlineData(1, 9, false)]
    [InlineData(9, 12, true)]
    [InlineData(17, 12, true)]
    [InlineData(33, 0, true)]
    public void ADamagedTransactionIndexIsBuiltAnew(int at, byte value, bool clean)
    {
        var log = Open(clean: true);
        for (var i = 0; i < 6; i++)
        {
            _ = log.Append(Batches.Produced(log.LogEndOffset, 7, 0, i, transactional: true));
            _ = log.Append(Batches.Marker(log.LogEndOffset, 7, 0, commit: i % 2 == 0));
            if (i == 3)
                log.Roll();
        }
        log.Producers.OnHighWatermark(log.LogEndOffset);
        var expected = Aborted(log);
        Assert.Equal("7@2 7@6 7@10", expected);
        log.Close();
        var path = $"{Folder}/{0:D20}.txnindex";
        var sound = _files.ReadAllBytes(path);
        byte[] damaged = [.. sound];
        damaged[at] = value;
        _files.WriteAtomically(path, at == 33 ? damaged[..^1] : damaged);
        var again = Open(clean, recoveryPoint: 12);
        Assert.Equal(expected, Aborted(again));
        Assert.Equal(1, _environment.Recovery.CountOf(RepairAct.IndexRebuilt));
        Assert.Equal(sound, _files.ReadAllBytes(path));
    }

    /// <summary>No log has two batches for one offset, compacted or not: the segment that begins within another goes.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void SegmentsDoNotOverlap(bool compacted)
    {
        byte[] first = [.. Batches.Plain(0, 4), .. Batches.Plain(4, 4)];
        _files.WriteAtomically($"{Folder}/{0:D20}.log", first);
        _files.WriteAtomically($"{Folder}/{5:D20}.log", Batches.Plain(5, 2));
        var log =
            PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), Settings with { IsCompacted = compacted }, new LogOpening(false));
        Assert.Equal((1, 8L), (log.SegmentCount, log.LogEndOffset));
        Assert.Equal(first, log.ReadAll(0));
        Assert.Equal(1, _environment.Recovery.CountOf(RepairAct.SegmentsDeleted));
    }

    /// <summary>Damage before the recovery point is none of a write that did not end: it stays, with all that is behind it.</summary>
    [Fact]
    public void DamageOfWhatWasFlushedIsKept()
    {
        Fill(clean: true);
        var path = $"{Folder}/{20:D20}.log";
        var bytes = _files.ReadAllBytes(path);
        var length = Batches.Header(bytes).SizeInBytes;
        bytes[length + 70] ^= 1;
        _files.WriteAtomically(path, bytes);
        var log = Open(clean: false, recoveryPoint: 24);
        Assert.Equal(24, log.LogEndOffset);
        Assert.Equal(bytes, _files.ReadAllBytes(path));
        Assert.Equal(1, _environment.Recovery.CountOf(RepairAct.DamageKept));
        for (var offset = 0; offset < 24; offset++)
        {
            using var region = log.Read(offset, 1, long.MaxValue, true).Region!;
            Assert.Equal(offset, Batches.Header(region.ToArray()).BaseOffset);
        }
        // Behind it damage is that of a write, and the log ends there.
        Assert.Equal(21, Open(clean: false).LogEndOffset);
    }

    private static string Aborted(PartitionLog log)
    {
        var all = new List<AbortedTransaction>();
        var read = log.Read(0, 1 << 20, log.LogEndOffset, minOneBatch: true);
        read.Region!.Dispose();
        log.CollectAbortedTransactions(0, read with { NextOffsetBound = log.LogEndOffset }, all);
        return string.Join(' ', all.Select(static entry => $"{entry.ProducerId}@{entry.FirstOffset}"));
    }

    private void Fill(bool clean)
    {
        var log = Open(clean);
        for (var i = 0; i < 24; i++)
        {
            if (i is 10 or 20)
                log.Roll();
            _ = log.Append(Batches.Plain(i, timestamp: Batches.StartMs + i));
        }
        log.Close();
    }

    private PartitionLog Open(bool clean, long recoveryPoint = 0) =>
        PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), Settings, new LogOpening(clean, recoveryPoint));
}
