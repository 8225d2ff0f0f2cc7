using System.Buffers;
using BenchmarkDotNet.Attributes;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Benchmarks.Records;

/// <summary>A mebibyte of half random text through each codec at its default level, there and back.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks : IDisposable
{
    private ReadOnlySequence<byte> _plain;
    private ReadOnlySequence<byte> _compressed;
    private readonly PooledBuffer _output = new();

    [Params(CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd)]
    public CompressionType Codec { get; set; }

    [GlobalCleanup]
    public void Dispose()
    {
        _output.Dispose();
        GC.SuppressFinalize(this);
    }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var plain = new byte[1 << 20];
        for (var i = 0; i < plain.Length; i++) plain[i] = (byte)(i % 100 < 50 ? 'a' + i % 26 : random.Next(32, 127));
        _plain = new ReadOnlySequence<byte>(plain);
        using var compressed = new PooledBuffer();
        CompressionCodecs.Get(Codec).Compress(_plain, compressed, CompressionCodecs.DefaultLevel(Codec));
        _compressed = new ReadOnlySequence<byte>(compressed.WrittenSpan.ToArray());
    }

    [Benchmark]
    public int Compress()
    {
        _output.Clear();
        CompressionCodecs.Get(Codec).Compress(_plain, _output, CompressionCodecs.DefaultLevel(Codec));
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Decompress()
    {
        _output.Clear();
        CompressionCodecs.Get(Codec).Decompress(_compressed, _output, 2 << 20);
        return _output.WrittenCount;
    }
}
