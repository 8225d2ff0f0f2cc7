using System.Buffers;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

public class BatchAllocationTests
{
    private static readonly ProduceBatchRules Rules = new(12, "t", 0, new ProduceSettings { MaxMessageBytes = 2 << 20 }, 1_800_000_000_000);

    private static byte[] OneMebibyte(CompressionType codec)
    {
        using var builder = new RecordBatchBuilder { Codec = codec };
        byte[] key = new byte[10], value = new byte[90];
        new Random(1).NextBytes(value);
        while (builder.UncompressedSize < (1 << 20) - 120) builder.Append(1_700_000_000_000 + builder.Count, key, value);
        return builder.ToArray();
    }

    [Fact]
    public void Validating_and_iterating_a_mebibyte_allocates_nothing()
    {
        var batch = OneMebibyte(CompressionType.None);
        var whole = new ReadOnlySequence<byte>(batch);
        var pieces = Segments.Every(batch, 64 * 1024);
        Assert.True(RecordBatchHeader.TryRead(batch, out var header) && header.RecordCount > 9_000);
        Assert.Equal(0, Allocated(() => Validate(whole)));
        Assert.Equal(0, Allocated(() => Validate(pieces)));
        Assert.Equal(0, Allocated(() => Iterate(whole)));
        Assert.Equal(0, Allocated(() => Iterate(pieces)));
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_compressed_mebibyte_costs_its_codec_and_nothing_a_record(CompressionType codec)
    {
        // Snappy's library makes a small object for each of the 32 blocks.
        const long MaxAllocated = 4_096;
        var batch = new ReadOnlySequence<byte>(OneMebibyte(codec));
        Assert.True(Allocated(() => Validate(batch)) < MaxAllocated, $"validate {Allocated(() => Validate(batch))}");
        Assert.True(Allocated(() => Iterate(batch)) < MaxAllocated, $"iterate {Allocated(() => Iterate(batch))}");
    }

    private static void Validate(ReadOnlySequence<byte> batch)
    {
        using var verdict = ProduceBatchValidator.Validate(batch, Rules);
        if (!verdict.IsAccepted) throw new InvalidOperationException(verdict.ErrorMessage);
    }

    private static void Iterate(ReadOnlySequence<byte> batch)
    {
        var batches = RecordBatchEnumerator.Over(batch);
        while (batches.MoveNext())
        {
            using var reader = new RecordBatchReader(batches.Current);
            long bytes = 0;
            while (reader.MoveNext()) bytes += reader.Current.Value.Length;
            if (reader.Fault != RecordFault.None || bytes == 0) throw new InvalidOperationException(reader.Fault.ToString());
        }
    }

    /// <summary>The least of several runs: the first ones fill pools and caches.</summary>
    private static long Allocated(Action action)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
