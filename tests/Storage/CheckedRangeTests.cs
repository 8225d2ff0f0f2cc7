using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>How often a reader asks the disk for headers before it sends what is behind them.</summary>
public sealed class CheckedRangeTests
{
    private const string Folder = "/data/t-0";
    private const int BatchBytes = 64 << 10;
    private const int FetchBytes = 1 << 20;

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly CountedFileStore _files;
    private readonly LogEnvironment _environment;

    public CheckedRangeTests()
    {
        _files = new CountedFileStore(new ForgetfulFileStore(_clock));
        _files.CreateFolder("/data");
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    /// <summary>The header of the first batch is all that is read of what was written here.</summary>
    [Theory]
    [InlineData(BatchBytes)]
    [InlineData(FetchBytes)]
    public void OfBatchesThatWereWrittenHereOneHeaderIsReadAFetch(int fetchBytes)
    {
        var log = Open();
        Fill(log, 64);
        for (var offset = 0; offset < 64; offset += 3)
            Assert.Equal(1, Reads(log, offset, fetchBytes));
    }

    /// <summary>Of others each header is read once, whoever reads; and then one a fetch.</summary>
    [Fact]
    public void OfOthersEachHeaderIsReadOnce()
    {
        Reopened(out var log);
        var reads = 0;
        for (var offset = 0; offset < 64; offset += 15)
            reads += Reads(log, offset, FetchBytes);
        Assert.InRange(reads, 60, 64 + 2 * 5);
        for (var offset = 0; offset < 50; offset += 7)
            Assert.Equal(1, Reads(log, offset, FetchBytes));
    }

    /// <summary>Readers at several places, each of which goes on in its turn.</summary>
    [Fact]
    public void ReadersAtDifferentPlacesDoNotMakeOneAnotherLookAgain()
    {
        Reopened(out var log);
        int[] places = [0, 16, 32, 48];
        foreach (var place in places)
            _ = Reads(log, place, FetchBytes / 2);
        for (var round = 0; round < 3; round++)
        {
            foreach (var place in places)
                Assert.Equal(1, Reads(log, place + 1, FetchBytes / 4));
        }
        foreach (var place in places)
            Assert.InRange(Reads(log, place + 4, FetchBytes / 2), 4, 7);
        // They have met, and the whole is known.
        foreach (var place in places)
            _ = Reads(log, place + 8, FetchBytes);
        for (var offset = 0; offset < 40; offset++)
            Assert.Equal(1, Reads(log, offset, FetchBytes));
    }

    /// <summary>More places than are remembered cost looks, and no wrong answer.</summary>
    [Fact]
    public void ManyPlacesAreReadRightly()
    {
        Reopened(out var log);
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var offset = random.Next(64);
            using var region = log.Read(offset, random.Next(1, 6) * BatchBytes, long.MaxValue, minOneBatch: true).Region!;
            Assert.Equal(offset, Batches.Header(region.ToArray()).BaseOffset);
        }
    }

    /// <summary>The disk changes where a batch says that it stands, in a file that this node wrote or has read: no reader is led past it.</summary>
    [Theory]
    [InlineData(false, 9)]
    [InlineData(true, 9)]
    [InlineData(false, 40)]
    [InlineData(true, 40)]
    public void AnOffsetThatChangesUnderAReaderLeadsNobodyPastIt(bool reopened, int changed)
    {
        PartitionLog log;
        if (reopened)
        {
            Reopened(out log);
        }
        else
        {
            log = Open();
            Fill(log, 64);
        }
        _ = Reads(log, 0, 64 * BatchBytes);
        var path = $"{Folder}/{0:D20}.log";
        var position = changed * (log.SizeInBytes / 64);
        using (var file = _files.Open(path, FileOpening.ReadWrite))
            file.Write(position + 6, [0x01]);
        Assert.Throws<DamagedBatchException>(() => log.Read(changed, BatchBytes, long.MaxValue, minOneBatch: true));
        for (var offset = 0; offset < 64; offset++)
        {
            if (offset == changed)
                continue;
            using var region = log.Read(offset, 1, long.MaxValue, minOneBatch: true).Region!;
            Assert.Equal(offset, Batches.Header(region.ToArray()).BaseOffset);
        }
    }

    /// <summary>A batch that says that it holds more offsets than it does takes none from the batches behind it.</summary>
    [Theory]
    [InlineData(0, 17, true)]
    [InlineData(0, 17, false)]
    [InlineData(BatchBytes - 120, 17, true)]
    [InlineData(BatchBytes - 120, 17, false)]
    public void ABatchWhoseLastOffsetTheDiskChangesHidesNoOther(int valueBytes, int changed, bool isOwn) =>
        // Of a batch behind which the next header is not read with its own, what no log so long can have.
        HidesNoOther(valueBytes, changed, isOwn, RecordBatchHeader.LastOffsetDeltaPosition, valueBytes == 0 ? 0 : 6, 31);

    /// <summary>A batch that says that it is longer or shorter than it is takes none from the batches behind it, wherever its length leads.</summary>
    [Theory]
    [InlineData(0, 17, true)]
    [InlineData(0, 17, false)]
    [InlineData(400, 3, true)]
    [InlineData(400, 3, false)]
    [InlineData(400, 30, true)]
    [InlineData(400, 30, false)]
    public void ABatchWhoseLengthTheDiskChangesHidesNoOther(int valueBytes, int changed, bool isOwn) =>
        HidesNoOther(valueBytes, changed, isOwn, RecordBatchHeader.BatchLengthPosition, 0, 32);

    /// <summary>Flips each of these bits of a number in the header of one batch, and reads all others.</summary>
    private void HidesNoOther(int valueBytes, int changed, bool isOwn, int positionInHeader, int firstBit, int endBit)
    {
        PartitionLog log;
        if (isOwn)
            Fill(log = Open(), 64, valueBytes);
        else
            Reopened(out log, valueBytes);
        _ = Reads(log, 0, 64 * BatchBytes);
        var position = changed * (log.SizeInBytes / 64);
        for (var bit = firstBit; bit < endBit; bit++)
        {
            var at = position + positionInHeader + 3 - (bit / 8);
            using var file = _files.Open($"{Folder}/{0:D20}.log", FileOpening.ReadWrite);
            var before = new byte[1];
            _ = file.Read(at, before);
            file.Write(at, [(byte)(before[0] ^ (1 << (bit % 8)))]);
            for (var offset = 0; offset < 64; offset++)
            {
                if (offset == changed)
                    continue;
                using var region = log.Read(offset, 1, long.MaxValue, minOneBatch: true).Region!;
                Assert.Equal((bit, offset), (bit, Batches.Header(region.ToArray()).BaseOffset));
            }
            file.Write(at, before);
        }
    }

    [Fact]
    public void ACutForgetsWhatWasBehindIt()
    {
        Reopened(out var log);
        _ = Reads(log, 0, 4 * FetchBytes);
        log.TruncateTo(20);
        Fill(log, 30, valueBytes: BatchBytes / 2);
        for (var offset = 0; offset < 30; offset++)
        {
            using var region = log.Read(offset, FetchBytes, long.MaxValue, minOneBatch: true).Region!;
            var bytes = region.ToArray();
            Assert.Equal(offset, Batches.Header(bytes).BaseOffset);
            Assert.True(bytes.Length == FetchBytes || offset > 8);
        }
    }

    private int Reads(PartitionLog log, long offset, int bytes)
    {
        _files.Forget();
        log.Read(offset, bytes, long.MaxValue, minOneBatch: true).Region!.Dispose();
        return _files.LogReads;
    }

    private static void Fill(PartitionLog log, int end, int valueBytes = BatchBytes - 120)
    {
        while (log.LogEndOffset < end)
            _ = log.Append(Batches.Plain(log.LogEndOffset, valueBytes: valueBytes));
    }

    private void Reopened(out PartitionLog log, int valueBytes = BatchBytes - 120)
    {
        var first = Open();
        Fill(first, 64, valueBytes);
        first.Roll();
        first.Close();
        log = PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), LogSettings.Default, new LogOpening(true, 64));
        // Its index is loaded with the first read.
        log.Read(63, 1, long.MaxValue, minOneBatch: true).Region!.Dispose();
    }

    private PartitionLog Open() => PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), LogSettings.Default, new LogOpening(false));
}
