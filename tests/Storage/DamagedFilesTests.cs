using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Files of a log that hold what no log writes, opened as after a clean stop, when they are trusted, and as after a kill.</summary>
public sealed class DamagedFilesTests
{
    private const string Folder = "/data/t-0";

    /// <summary>An entry for nearly every batch.</summary>
    private static readonly LogSettings Settings = LogSettings.Default with { IndexIntervalBytes = 1 };

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;

    public DamagedFilesTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    /// <summary>A position before the file's start is nowhere: the segment is walked from its start, and every record is found.</summary>
    [Theory]
    [InlineData("00000000000000000000.index", true)]
    [InlineData("00000000000000000000.index", false)]
    [InlineData("00000000000000000005.index", true)]
    [InlineData("00000000000000000005.index", false)]
    public void ANegativePositionInAnIndexHidesNoRecord(string index, bool clean)
    {
        byte[] expected = [];
        var log = Open(clean);
        for (var i = 0; i < 10; i++)
        {
            if (i == 5)
                log.Roll();
            var batch = Batches.Plain(i, timestamp: Batches.StartMs + i);
            log.Append(batch);
            expected = [.. expected, .. batch];
        }
        log.Close();
        var entries = _files.ReadAllBytes($"{Folder}/{index}");
        Assert.True(entries.Length >= 16);
        for (var i = 0; i < entries.Length; i += 8)
            entries.AsSpan(i + 4, 4).Fill(0xff);
        _files.WriteAtomically($"{Folder}/{index}", entries);

        var again = Open(clean);
        Assert.Equal(10, again.LogEndOffset);
        Assert.Equal(expected, again.ReadAll(0));
        for (var offset = 0; offset < 10; offset++)
        {
            using var region = again.Read(offset, 1, long.MaxValue, minOneBatch: true).Region!;
            Assert.Equal(offset, Batches.Header(region.ToArray()).BaseOffset);
        }
        Assert.Equal(7, again.FindByTimestamp(Batches.StartMs + 7)!.Value.Offset);
    }

    /// <summary>
    /// The batch before the damage is larger than what a reader looks through, and than what it takes into memory. It finds where the log goes on all the same.
    /// </summary>
    [Fact]
    public void ALargeBatchBeforeDamageHidesNothingBehindIt()
    {
        byte[][] batches = [Batches.Plain(0), Batches.Plain(1, valueBytes: 9 << 20), Batches.Plain(2), Batches.Plain(3), Batches.Plain(4)];
        using (var written = OpenSparse())
        {
            foreach (var batch in batches)
                written.Append(batch);
        }
        var path = $"{Folder}/00000000000000000000.log";
        var bytes = _files.ReadAllBytes(path);
        bytes.AsSpan(batches[0].Length + batches[1].Length + RecordBatchHeader.BatchLengthPosition, sizeof(int)).Fill(0xff);
        _files.WriteAtomically(path, bytes);
        using var log = OpenSparse();
        Assert.Equal(5, log.LogEndOffset);
        _ = Assert.Throws<DamagedBatchException>(() => log.Read(2, 1, long.MaxValue, minOneBatch: true));
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var offset in (int[])[3, 4])
        {
            using var region = log.Read(offset, 1, long.MaxValue, minOneBatch: true).Region!;
            Assert.Equal(batches[offset], region.ToArray());
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);

        PartitionLog OpenSparse() =>
            PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), LogSettings.Default, new LogOpening(IsClean: true));
    }

    /// <summary>
    /// A batch whose offsets lie before its segment's is no part of the log. It stays where it is and hides nothing of what is behind it.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ABatchFromBeforeItsSegmentHidesNothing(bool clean)
    {
        var sound = Batches.Plain(42, 3);
        _files.WriteAtomically($"{Folder}/00000000000000000042.log", [.. Batches.Plain(16, 3), .. sound]);
        var log = Open(clean);
        Assert.Equal(sound, log.ReadAll(42));
        var batch = Batches.Plain(log.LogEndOffset, 2);
        log.Append(batch);
        log.Close();

        var again = Open(clean);
        Assert.Equal((42, 47), (again.LogStartOffset, again.LogEndOffset));
        Assert.Equal([.. sound, .. batch], again.ReadAll(42));
    }

    private PartitionLog Open(bool clean) => PartitionLog.Open(_environment, Folder, new TopicPartition("t", 0), Settings, new LogOpening(clean));
}
