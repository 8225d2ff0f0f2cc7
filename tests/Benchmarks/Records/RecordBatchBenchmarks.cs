using System.Buffers;
using BenchmarkDotNet.Attributes;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Benchmarks.Records;

/// <summary>What a mebibyte of records of 100 bytes costs: its checksum, the verdict of Produce, and reading it.</summary>
[MemoryDiagnoser]
public class RecordBatchBenchmarks
{
    private static readonly ProduceBatchRules Rules = new(12, "t", 0, new ProduceSettings { MaxMessageBytes = 2 << 20 }, 1_800_000_000_000);

    private ReadOnlySequence<byte> _batch;
    private byte[] _bytes = [];

    [Params(CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)]
    public CompressionType Codec { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        using var builder = new RecordBatchBuilder { Codec = Codec };
        byte[] key = new byte[10], value = new byte[80];
        var random = new Random(1);
        while (builder.UncompressedSize < (1 << 20) - 110)
        {
            random.NextBytes(value.AsSpan(0, 30));
            builder.Append(1_700_000_000_000 + builder.Count, key, value);
        }
        _bytes = builder.ToArray();
        _batch = new ReadOnlySequence<byte>(_bytes);
    }

    [Benchmark]
    public uint Checksum() => Crc32C.Compute(_bytes);

    [Benchmark]
    public ErrorCode Validate()
    {
        using var verdict = ProduceBatchValidator.Validate(_batch, Rules);
        return verdict.Error;
    }

    [Benchmark]
    public long Iterate()
    {
        long bytes = 0;
        foreach (var batch in RecordBatchEnumerator.Over(_batch))
        {
            using var reader = new RecordBatchReader(batch);
            while (reader.MoveNext()) bytes += reader.Current.Value.Length;
        }
        return bytes;
    }
}
