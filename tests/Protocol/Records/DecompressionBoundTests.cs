using System.Buffers;
using KafkaCompat.Protocol.Records;
using KafkaCompat.Tests.Shared;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>What a batch may decompress to.</summary>
public sealed class DecompressionBoundTests
{
    private const long NowMs = 1_700_000_000_000;

    [Fact]
    public void A_produced_batch_that_decompresses_to_more_than_the_bound_is_too_large()
    {
        const int Half = (int)(RecordScan.MaxDecompressedBytes / 2);
        using var within = Validate(CompressedZeros.Batch(NowMs, Half, Half - 100));
        Assert.Equal(ErrorCode.None, within.Error);
        using var beyond = Validate(CompressedZeros.Batch(NowMs, Half, Half + 1));
        Assert.Equal(ErrorCode.MessageTooLarge, beyond.Error);
        Assert.Contains("decompresses to more than 134217728 bytes", beyond.ErrorMessage, StringComparison.Ordinal);
        // One record alone is bounded just so.
        using var single = Validate(CompressedZeros.Batch(NowMs, (2 * Half) + 1));
        Assert.Equal(ErrorCode.MessageTooLarge, single.Error);
    }

    [Fact]
    public void A_search_by_time_finds_what_lies_behind_any_amount_of_zeros_and_keeps_none_of_them()
    {
        var batch = new ReadOnlySequence<byte>(CompressedZeros.Batch(NowMs, 1000, 40_000_000, 40_000_000, 10));
        var batches = RecordBatchEnumerator.Over(batch);
        Assert.True(batches.MoveNext());
        _ = RecordTimeSearch.Find(batches.Current, NowMs, exact: false, 0, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(RecordFault.None, RecordTimeSearch.Find(batches.Current, NowMs + 3, exact: true, 0, out var found));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 * 1024);
        Assert.Equal((3L, NowMs + 3), found);
        Assert.Equal(RecordFault.None, RecordTimeSearch.Find(batches.Current, NowMs, exact: false, 2, out found));
        Assert.Equal((2L, NowMs + 2), found);
        Assert.Equal(RecordFault.None, RecordTimeSearch.Find(batches.Current, NowMs + 4, exact: false, 0, out found));
        Assert.Equal((-1L, -1L), found);
    }

    private static ProduceVerdict Validate(byte[] batch) =>
        ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(batch), new ProduceBatchRules(12, "t", 0, new ProduceSettings(), NowMs));
}
