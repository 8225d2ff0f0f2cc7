using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Segments that a log has no more: when their files go, and what a reader is told that finds nothing else.</summary>
public sealed class RetiredSegmentsTests
{
    private const string Folder = "/data/t-0";

    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly ForgetfulFileStore _files;
    private readonly LogEnvironment _environment;

    public RetiredSegmentsTests()
    {
        _files = new ForgetfulFileStore(_clock);
        _files.CreateFolder(Folder);
        _environment = new LogEnvironment(_files, _clock, new Random(1));
    }

    /// <summary>The delay of a topic can change between two deletions.</summary>
    [Fact]
    public void ASegmentWithALongDelayHoldsNoOtherBack()
    {
        var deleted = new DeletedSegments(_environment);
        deleted.Add(Segment(0), long.MaxValue);
        deleted.Add(Segment(10), 1_000);
        Assert.False(deleted.IsDue(Batches.StartMs + 999));
        Assert.True(deleted.IsDue(Batches.StartMs + 1_000));
        deleted.RemoveFirst();
        Assert.Equal(["00000000000000000000.log.deleted"], _files.List(Folder).Select(static entry => entry.Name));
        Assert.False(deleted.IsDue(long.MaxValue - 1));
    }

    /// <summary>An offset that is there is never out of range: a consumer that is told so starts over elsewhere. Asking again helps.</summary>
    [Fact]
    public void AReaderWhoseSegmentsAllGoAwayIsToldToAskAgain()
    {
        var segment = Segment(0);
        var view = new LogView(_environment, [segment], new LogEnd(1, segment, segment.Size), 0);
        segment.Close();
        Assert.Throws<KafkaStorageException>(() => view.Read(0, 1_000, long.MaxValue, minOneBatch: true));
        Assert.Throws<KafkaStorageException>(() => view.Search(Batches.StartMs, static (search, timestampMs) => search.First(timestampMs)));
        Assert.False(_environment.Health.IsFailed);
        Assert.True(view.Read(2, 1_000, long.MaxValue, minOneBatch: true).IsOutOfRange);
    }

    private LogSegment Segment(long baseOffset)
    {
        var batch = Batches.Plain(baseOffset);
        using (var file = _files.Open($"{Folder}/{baseOffset:D20}.log", FileOpening.OpenOrCreate))
            file.Write(0, batch);
        return new LogSegment(_environment, Folder, baseOffset, batch.Length, 0);
    }
}
