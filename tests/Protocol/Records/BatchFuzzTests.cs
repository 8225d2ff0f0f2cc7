using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>
/// Damaged batches, from a seed that a failure prints: reading one ends in a result, never in an exception, never beyond the limits, and the same
/// whether the bytes lie together or in pieces.
/// </summary>
public class BatchFuzzTests
{
    private const int Limit = 1 << 20;

    /// <summary>Blocks and buffers of the codecs, twice over for growth; a bomb would need thousands of times that.</summary>
    private const long MaxAllocated = 16 << 20;

    private static readonly ProduceBatchRules[] Rules =
    [
        new(12, "t", 0, new ProduceSettings { MaxDecompressedMessageBytes = Limit }, 1_800_000_000_000),
        new(12, "t", 0, new ProduceSettings { MaxDecompressedMessageBytes = Limit, RequiresKeys = true, TimestampType = TimestampType.LogAppendTime },
            1_800_000_000_000),
        new(12, "t", 0, new ProduceSettings { MaxDecompressedMessageBytes = Limit, Codec = CompressionType.Lz4 }, 1_800_000_000_000),
        new(6, "t", 0, new ProduceSettings { MaxMessageBytes = 2_000, Codec = CompressionType.None, SegmentBytes = 1_500 }, 1_800_000_000_000),
    ];

    [Theory]
    [InlineData(CompressionType.None, 6_000)]
    [InlineData(CompressionType.Gzip, 1_500)]
    [InlineData(CompressionType.Snappy, 1_500)]
    [InlineData(CompressionType.Lz4, 1_500)]
    [InlineData(CompressionType.Zstd, 1_500)]
    public void Damaged_batches_get_a_verdict(CompressionType codec, int rounds)
    {
        var good = RecordBatchTests.Batch(40, codec);
        var firstSeed = Environment.GetEnvironmentVariable("FUZZ_SEED") is { Length: > 0 } seed ? int.Parse(seed, null) : 1;
        for (var round = 0; round < rounds; round++)
        {
            var random = new Random(firstSeed + round);
            var bytes = Damage(good, codec, random);
            try
            {
                Check(bytes, random, Rules[round % Rules.Length]);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {firstSeed + round}: {e}");
            }
        }
    }

    private static byte[] Damage(byte[] good, CompressionType codec, Random random)
    {
        byte[] bytes = [.. good];
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            // Half of the damage hits the numbers that records start with, or the header of the codec.
            var at = random.Next(2) == 0 ? random.Next(RecordBatchHeader.AttributesPosition, RecordBatchHeader.Size + 40) : random.Next(bytes.Length);
            if (at < RecordBatchHeader.Size && random.Next(4) > 0) at = random.Next(RecordBatchHeader.Size, bytes.Length);
            bytes[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => 0xff };
        }
        if (random.Next(5) == 0 && codec != CompressionType.None)
        {
            // Damage below the codec: records that decompress well and are none.
            using var plain = new PooledBuffer();
            CompressionCodecs.Get(codec).Decompress(new ReadOnlySequence<byte>(good.AsMemory(RecordBatchHeader.Size)), plain, Limit);
            plain.WrittenForPatch[random.Next(plain.WrittenCount)] ^= (byte)(1 << random.Next(8));
            using var again = new PooledBuffer();
            CompressionCodecs.Get(codec).Compress(new ReadOnlySequence<byte>(plain.WrittenMemory), again, CompressionCodecs.DefaultLevel(codec));
            bytes = [.. good.AsSpan(0, RecordBatchHeader.Size), .. again.WrittenSpan];
        }
        if (random.Next(8) == 0) bytes = bytes[..random.Next(bytes.Length)];
        if (bytes.Length < RecordBatchHeader.Size) return bytes;
        if (random.Next(8) > 0)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(RecordBatchHeader.BatchLengthPosition), bytes.Length - RecordBatchHeader.LogOverhead);
        RecordBatchPatch.SetCrc(bytes);
        return bytes;
    }

    private static void Check(byte[] bytes, Random random, ProduceBatchRules rules)
    {
        var pieces = Segments.Cut([.. bytes], random, random.Next(1, 30));
        var (wholeRecords, wholeFault) = ReadAll(new ReadOnlySequence<byte>(bytes));
        var (piecesRecords, piecesFault) = ReadAll(pieces);
        Assert.Equal((wholeRecords, wholeFault), (piecesRecords, piecesFault));

        byte[] copy = [.. bytes];
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var whole = ProduceBatchValidator.Validate(new ReadOnlySequence<byte>(copy), rules);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        using var cut = ProduceBatchValidator.Validate(pieces, rules);
        Assert.True(allocated < MaxAllocated, $"{allocated} bytes");
        Assert.Equal((whole.Error, whole.ErrorMessage, whole.IsRebuilt, whole.Header), (cut.Error, cut.ErrorMessage, cut.IsRebuilt, cut.Header));
        Assert.Equal(whole.RecordErrors, cut.RecordErrors);
        if (!whole.IsAccepted) return;

        // What is accepted can be read by anybody, to the last record.
        whole.Assign(0, 0);
        Assert.Equal(whole.Batch.ToArray(), Assigned(cut).ToArray());
        var (records, fault) = ReadAll(whole.Batch);
        Assert.Equal((whole.Header.RecordCount, RecordFault.None), (records, fault));
    }

    private static ReadOnlySequence<byte> Assigned(in ProduceVerdict verdict)
    {
        verdict.Assign(0, 0);
        return verdict.Batch;
    }

    private static (int Records, RecordFault Fault) ReadAll(ReadOnlySequence<byte> bytes)
    {
        var records = 0;
        var batches = RecordBatchEnumerator.Over(bytes);
        while (batches.MoveNext())
        {
            var reader = new RecordBatchReader(batches.Current, Limit);
            while (reader.MoveNext()) records++;
            var fault = reader.Fault;
            reader.Dispose();
            if (fault != RecordFault.None) return (records, fault);
        }
        return (records, batches.Fault);
    }
}
