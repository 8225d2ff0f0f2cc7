using System.Buffers;
using KafkaCompat.Protocol.Invariants;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Producers;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>What a log does with what it is given, over files in memory.</summary>
public sealed class PartitionLogTests
{
    private const string Folder = "/data/t-0";

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;

    public PartitionLogTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder("/data");
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    [Fact]
    public void ReadsFromTheBatchThatHoldsTheOffsetAndCutsAtBytes()
    {
        var log = Open(LogSettings.Default);
        byte[] first = Batches.Plain(0, 5), second = Batches.Plain(5, 5);
        log.Append(first);
        log.Append(second);

        Assert.Equal(first.Length + second.Length, Length(log.Read(3, 1 << 20, long.MaxValue, true)));
        Assert.Equal(first.Length + 10, Length(log.Read(3, first.Length + 10, long.MaxValue, true)));
        Assert.Equal(first.Length, Length(log.Read(3, 10, long.MaxValue, true)));
        var tooSmall = log.Read(3, 10, long.MaxValue, false);
        Assert.True(tooSmall.IsFirstBatchIncomplete);
        Assert.Null(tooSmall.Region);
        Assert.Equal(first.Length, Length(log.Read(0, 1 << 20, 5, true)));
        Assert.Equal(0, log.Read(10, 1 << 20, long.MaxValue, true).Length);
        Assert.False(log.Read(10, 1 << 20, long.MaxValue, true).IsOutOfRange);
        Assert.True(log.Read(11, 1 << 20, long.MaxValue, true).IsOutOfRange);
        Assert.True(log.Read(-1, 1 << 20, long.MaxValue, true).IsOutOfRange);
    }

    [Fact]
    public void RollsBySizeByTimeAndByFullIndex()
    {
        var log = Open(LogSettings.Default with { SegmentBytes = 500 });
        for (var i = 0; i < 10; i++)
            log.Append(Batches.Plain(i, 1, 100));
        Assert.True(log.SegmentCount >= 3);
        Assert.All(_files.List(Folder).Where(static e => e.Name.EndsWith(".log", StringComparison.Ordinal)), static e => Assert.True(e.Length <= 500));

        var byTime = Open(LogSettings.Default with { SegmentMs = 1000 }, "/data/u-0");
        byTime.Append(Batches.Plain(0, timestamp: Batches.StartMs));
        byTime.Append(Batches.Plain(1, timestamp: Batches.StartMs + 1000));
        Assert.Equal(1, byTime.SegmentCount);
        byTime.Append(Batches.Plain(2, timestamp: Batches.StartMs + 1001));
        Assert.Equal(2, byTime.SegmentCount);
        Assert.Equal(2, byTime.ActiveSegmentBaseOffset);

        var byIndex = Open(LogSettings.Default with { SegmentIndexBytes = 24, IndexIntervalBytes = 1 }, "/data/v-0");
        for (var i = 0; i < 6; i++)
            byIndex.Append(Batches.Plain(i, timestamp: Batches.StartMs + i));
        Assert.True(byIndex.SegmentCount > 1);
    }

    /// <summary>Kafka looks at segment.ms when it appends; without traffic a segment is rolled by retention alone, when all of it is to go.</summary>
    [Fact]
    public void WithoutTrafficOnlyRetentionRollsTheActiveSegment()
    {
        var log = Open(LogSettings.Default with { SegmentMs = 1000, RetentionMs = 5000 });
        log.Append(Batches.Plain(0, timestamp: Batches.StartMs));
        _clock.NowMs = Batches.StartMs + 4000;
        Assert.Equal(0, log.ApplyRetention(_clock.NowMs, highWatermark: 1));
        Assert.Equal(0, log.ActiveSegmentBaseOffset);

        _clock.NowMs = Batches.StartMs + 5001;
        Assert.Equal(1, log.ApplyRetention(_clock.NowMs, highWatermark: 1));
        Assert.Equal((1L, 1L, 1), (log.LogStartOffset, log.ActiveSegmentBaseOffset, log.SegmentCount));
    }

    [Fact]
    public void RetainsByTimeSizeAndStartButNeverAboveTheHighWatermark()
    {
        var log = Open(LogSettings.Default with { SegmentBytes = 300, RetentionMs = 10_000 });
        for (var i = 0; i < 10; i++)
            log.Append(Batches.Plain(i, 1, 100, Batches.StartMs + i * 2000));
        var segments = log.SegmentCount;
        Assert.Equal(0, log.ApplyRetention(Batches.StartMs + 1_000_000, highWatermark: 0));
        var deleted = log.ApplyRetention(Batches.StartMs + 18_001, highWatermark: 10);
        Assert.Equal(5, deleted);
        Assert.Equal(log.LogStartOffset, log.FirstSegmentBaseOffset);
        Assert.Equal(segments - deleted, log.SegmentCount);
        Assert.Contains(_files.List(Folder), static e => e.Name.EndsWith(".log.deleted", StringComparison.Ordinal));
        log.DeleteDue(_clock.NowMs + 60_000);
        Assert.DoesNotContain(_files.List(Folder), static e => e.Name.EndsWith(".deleted", StringComparison.Ordinal));

        // All of it is old: the active segment goes too, and an empty one takes its place at the log's end.
        _ = log.ApplyRetention(Batches.StartMs + 1_000_000, highWatermark: 10);
        Assert.Equal(10, log.LogStartOffset);
        Assert.Equal(1, log.SegmentCount);
        Assert.Equal(0, log.SizeInBytes);

        log.Settings = LogSettings.Default with { SegmentBytes = 300, RetentionBytes = 500 };
        for (var i = 10; i < 20; i++)
            log.Append(Batches.Plain(i, 1, 100, _clock.NowMs));
        _ = log.ApplyRetention(_clock.NowMs, highWatermark: 20);
        Assert.InRange(log.SizeInBytes, 500, 500 + 300);

        log.Settings = LogSettings.Default with { SegmentBytes = 300, DeletesOldSegments = false, IsCompacted = true };
        var first = log.FirstSegmentBaseOffset;
        Assert.True(log.AdvanceLogStart(first + 3));
        Assert.False(log.AdvanceLogStart(first));
        Assert.True(log.Read(first, 100, long.MaxValue, true).IsOutOfRange);
        Assert.True(log.ApplyRetention(_clock.NowMs, highWatermark: 20) > 0);
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => log.AdvanceLogStart(21));
    }

    [Fact]
    public void ARegionOutlivesItsSegment()
    {
        var log = Open(LogSettings.Default with { SegmentBytes = 200, RetentionMs = 1 });
        var batch = Batches.Plain(0, 1, 100);
        log.Append(batch);
        log.Append(Batches.Plain(1, 1, 100));
        using var region = log.Read(0, 1 << 20, long.MaxValue, true).Region!;
        _ = log.ApplyRetention(Batches.StartMs + 100_000, 2);
        log.DeleteDue(long.MaxValue);
        Assert.Equal(batch, region.ToArray());
        Assert.True(log.Read(0, 1 << 20, long.MaxValue, true).IsOutOfRange);
    }

    [Fact]
    public void TruncatesSegmentsIndexesEpochsAndProducersAlike()
    {
        var log = Open(LogSettings.Default with { SegmentBytes = 400, IndexIntervalBytes = 1 });
        for (var i = 0; i < 20; i++)
            log.Append(i % 2 == 0 ? Batches.Produced(i, 5, 0, i / 2, transactional: i >= 10) : Batches.Plain(i, 1, 50, Batches.StartMs + i, epoch: i / 5));
        Assert.Equal(10, log.Producers.FirstUnstableOffset);
        log.TruncateTo(9);
        Assert.Equal(9, log.LogEndOffset);
        Assert.Equal(long.MaxValue, log.Producers.FirstUnstableOffset);
        Assert.Equal(4, log.Producers.Describe().Single().LastSequence);
        Assert.Equal(1, log.Epochs.LatestEpoch);
        log.Append(Batches.Plain(9, epoch: 7));
        Assert.Equal(10, log.LogEndOffset);
        Assert.Equal(new LeaderEpochEntry(1, 9), log.Epochs.EndOffsetFor(3, log.LogEndOffset));
        log.Close();
        var again = Open(LogSettings.Default, clean: true);
        Assert.Equal(10, again.LogEndOffset);

        again.TruncateFullyAt(1000);
        Assert.Equal((1000L, 1000L), (again.LogStartOffset, again.LogEndOffset));
        again.Append(Batches.Plain(1000));
        again.Dispose();
        Assert.Equal(1001, Open(LogSettings.Default).LogEndOffset);
    }

    [Fact]
    public void KnowsDuplicatesGapsAndOldEpochs()
    {
        var log = Open(LogSettings.Default);
        for (var i = 0; i < 7; i++)
            log.Append(Batches.Produced(i * 2, 5, 1, i * 2, 2));

        ProducerVerdict Check(byte[] batch) => log.Producers.Check(Batches.Header(batch), AppendOrigin.Client);
        Assert.True(Check(Batches.Produced(0, 5, 1, 14, 2)).IsGood);
        var duplicate = Check(Batches.Produced(0, 5, 1, 8, 2));
        Assert.Equal(8, duplicate.Duplicate!.Value.FirstOffset);
        // Only the last five batches are known.
        Assert.Equal(ProducerFault.OutOfOrderSequenceNumber, Check(Batches.Produced(0, 5, 1, 2, 2)).Fault);
        Assert.Equal(ProducerFault.OutOfOrderSequenceNumber, Check(Batches.Produced(0, 5, 1, 15, 2)).Fault);
        Assert.Equal(ProducerFault.InvalidProducerEpoch, Check(Batches.Produced(0, 5, 0, 14, 2)).Fault);
        Assert.Equal(ProducerFault.OutOfOrderSequenceNumber, Check(Batches.Produced(0, 5, 2, 14, 2)).Fault);
        Assert.True(Check(Batches.Produced(0, 5, 2, 0, 2)).IsGood);
        Assert.True(Check(Batches.Produced(0, 99, 0, 1234, 2)).IsGood);

        // A restart keeps the last batch of each producer.
        log.Close();
        log = Open(LogSettings.Default, clean: true);
        Assert.Equal(12, Check(Batches.Produced(0, 5, 1, 12, 2)).Duplicate!.Value.FirstOffset);
        log.Producers.RemoveExpired(Batches.StartMs + _environment.ProducerIdExpirationMs + 10);
        Assert.Equal(0, log.Producers.Count);
    }

    [Fact]
    public void WrapsSequences()
    {
        var log = Open(LogSettings.Default);
        log.Append(Batches.Produced(0, 5, 0, int.MaxValue - 1, 4));
        Assert.Equal(1, log.Producers.Describe().Single().LastSequence);
        Assert.True(log.Producers.Check(Batches.Header(Batches.Produced(4, 5, 0, 2)), AppendOrigin.Client).IsGood);
        Assert.Equal(0, log.Producers.Check(Batches.Header(Batches.Produced(4, 5, 0, int.MaxValue - 1, 4)), AppendOrigin.Client).Duplicate!.Value.FirstOffset);
    }

    [Fact]
    public void HoldsCommittedReadersBackUntilTheMarkerIsReplicated()
    {
        var log = Open(LogSettings.Default);
        log.Append(Batches.Produced(0, 5, 0, 0, transactional: true));
        log.Append(Batches.Produced(1, 6, 0, 0, transactional: true));
        log.Append(Batches.Marker(2, 5, 0, commit: false));
        Assert.Equal(0, log.Producers.FirstUnstableOffset);
        log.Producers.OnHighWatermark(2);
        Assert.Equal(0, log.Producers.FirstUnstableOffset);
        log.Producers.OnHighWatermark(3);
        Assert.Equal(1, log.Producers.FirstUnstableOffset);
        Assert.Equal(ProducerFault.InvalidTxnState, log.Producers.Check(Batches.Header(Batches.Produced(3, 6, 0, 1)), AppendOrigin.Client).Fault);
        var aborted = new List<AbortedTransaction>();
        var read = log.Read(0, 1 << 20, 3, true);
        log.CollectAbortedTransactions(0, read, aborted);
        read.Region!.Dispose();
        Assert.Equal(new AbortedTransaction(5, 0, 2, 1), Assert.Single(aborted));
        Assert.Equal(ProducerFault.TransactionCoordinatorFenced, log.Producers.CheckMarker(5, 0, -1).Fault);
    }

    [Fact]
    public void RefusesBytesThatAreNoBatchesAndOffsetsThatAreTaken()
    {
        var log = Open(LogSettings.Default);
        log.Append(Batches.Plain(0, 3));
        _ = Assert.Throws<InvariantException>(() => log.Append(Batches.Plain(2)));
        _ = Assert.Throws<ArgumentException>(() => log.Append(Batches.Plain(3)[..^1]));
        _ = Assert.Throws<InvariantException>(() => log.Append([]));
        Assert.Equal(3, log.LogEndOffset);
        log.Append(Batches.Plain(10));
        Assert.Equal(11, log.LogEndOffset);
    }

    [Fact]
    public void AppendsAndReadsWithoutAllocatingPerRecord()
    {
        var folder = Directory.CreateTempSubdirectory("kafkacompat-alloc-").FullName;
        try
        {
            var environment = new LogEnvironment(new DiskFileStore(), _clock, new Random(1));
            var log =
                PartitionLog.Open(environment, Path.Combine(folder, "t-0"), new TopicPartition("t", 0), LogSettings.Default, new LogOpening(false));
            long Append(int records)
            {
                var batch = Batches.Plain(log.LogEndOffset, records, 10);
                var sequence = new ReadOnlySequence<byte>(batch);
                var before = GC.GetAllocatedBytesForCurrentThread();
                _ = log.Append(sequence);
                log.Read(log.LogEndOffset - records, 1 << 20, long.MaxValue, true).Region!.Dispose();
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
            for (var i = 0; i < 100; i++)
                _ = Append(10);
            long small = Append(1), large = Append(1000);
            Assert.InRange(large, 0, 1024);
            Assert.InRange(Math.Abs(large - small), 0, 512);
            log.Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task ReadersSeeWholeBatchesWhileTheLogGrowsAndShrinks()
    {
        var log = Open(LogSettings.Default with { SegmentBytes = 2000, IndexIntervalBytes = 200, RetentionBytes = 6000, FileDeleteDelayMs = 0 });
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(() =>
        {
            long at = 0;
            while (!stop.IsCancellationRequested)
            {
                LogRead read;
                try
                {
                    read = log.Read(at, 700, long.MaxValue, true);
                }
                catch (ObjectDisposedException)
                {
                    // The log is closed at the end while they read on.
                    return;
                }
                catch (KafkaStorageException) when (!log.Health.IsFailed)
                {
                    // The segments went away under every attempt; whoever asks again finds others.
                    continue;
                }
                using var region = read.Region;
                if (read.IsOutOfRange)
                    at = log.LogStartOffset;
                if (region is null)
                    continue;
                var bytes = region.ToArray();
                var header = Batches.Header(bytes);
                Assert.True(header.BaseOffset <= at && header.LastOffset >= at, $"asked for {at}, got {header.BaseOffset}");
                try
                {
                    _ = log.FindByTimestamp(Batches.StartMs + at);
                }
                catch (KafkaStorageException) when (!log.Health.IsFailed)
                {
                    continue;
                }
                catch (ObjectDisposedException)
                {
                    return;
                }
                at = header.NextOffset;
            }
        }))];
        for (var i = 0; i < 3000; i++)
        {
            log.Append(Batches.Plain(log.LogEndOffset, 1 + i % 3, 50, Batches.StartMs + i));
            if (i % 20 == 0)
            {
                _ = log.ApplyRetention(_clock.NowMs, log.LogEndOffset);
                log.DeleteDue(_clock.NowMs + 1);
            }
            if (i % 50 == 0)
                log.Sync();
        }
        log.Dispose();
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.False(_environment.Health.IsFailed);
    }

    private static int Length(LogRead read)
    {
        using var region = read.Region;
        return region?.ToArray().Length ?? 0;
    }

    private PartitionLog Open(LogSettings settings, string folder = Folder, bool clean = false) =>
        PartitionLog.Open(_environment, folder, new TopicPartition("t", 0), settings, new LogOpening(clean));
}
