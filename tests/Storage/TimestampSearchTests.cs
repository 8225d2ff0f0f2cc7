using KafkaCompat.Protocol.Records;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Logs;
using KafkaCompat.Storage.Segments;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>Searching by time through batches that Kafka or a broken disk may have left.</summary>
public sealed class TimestampSearchTests
{
    private readonly FixedClock _clock = new(Batches.StartMs);
    private readonly PartitionLog _log;
    private readonly LogEnvironment _environment;

    public TimestampSearchTests()
    {
        var files = new ForgetfulFileStore(_clock);
        files.CreateFolder("/data");
        _environment = new LogEnvironment(files, _clock, new Random(1));
        _log = PartitionLog.Open(_environment, "/data/t-0", new TopicPartition("t", 0), LogSettings.Default, new LogOpening(IsClean: false));
    }

    [Fact]
    public void Takes_no_memory_for_what_a_batch_decompresses_to()
    {
        _log.Append(CompressedZeros.Batch(Batches.StartMs, 60_000_000, 60_000_000, 10));
        Assert.Equal(0, _log.FindByTimestamp(Batches.StartMs)!.Value.Offset);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = _log.FindByTimestamp(Batches.StartMs + 2)!.Value;
        Assert.Equal(2, _log.FindMaxTimestamp()!.Value.Offset);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Equal((2L, Batches.StartMs + 2), (found.Offset, found.Timestamp));
    }

    [Fact]
    public void Says_that_a_batch_cannot_be_read_instead_of_passing_over_it()
    {
        var damaged = CompressedZeros.Batch(Batches.StartMs, 1000, 1000);
        damaged[RecordBatchHeader.Size] ^= 0xff;
        RecordBatchPatch.SetCrc(damaged);
        _log.Append(damaged);
        _log.Append(Batches.Plain(2, timestamp: Batches.StartMs + 10));
        var refused = Assert.Throws<DamagedRecordsException>(() => _log.FindByTimestamp(Batches.StartMs + 1));
        Assert.Equal(RecordFault.Undecodable, refused.Fault);
        Assert.Contains("offset 0 at byte 0", refused.Message, StringComparison.Ordinal);
        Assert.False(_environment.Health.IsFailed);
        Assert.Equal(2, _log.FindByTimestamp(Batches.StartMs + 9)!.Value.Offset);
    }

    [Fact]
    public void A_record_before_the_logs_start_hides_none_behind_it()
    {
        _log.Append(Batches.Plain(0, timestamp: Batches.StartMs + 100));
        _log.Roll();
        _log.Append(Batches.Plain(1, timestamp: Batches.StartMs + 50));
        Assert.Equal(0, _log.FindByTimestamp(Batches.StartMs + 40)!.Value.Offset);
        // Its segment stays until retention has its turn.
        Assert.True(_log.AdvanceLogStart(1));
        Assert.Equal(1, _log.FindByTimestamp(Batches.StartMs + 40)!.Value.Offset);
        Assert.Null(_log.FindByTimestamp(Batches.StartMs + 60));
    }

    [Fact]
    public void A_closed_log_says_so_to_readers()
    {
        _log.Append(Batches.Plain(0));
        _log.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(() => _log.Read(0, 1000, long.MaxValue, minOneBatch: true));
        Assert.False(_environment.Health.IsFailed);
    }
}
