using System.Buffers;
using System.Text;
using KafkaCompat.Fuzz.Engine;
using KafkaCompat.Protocol.Compression;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>
/// The four codecs: whatever the bytes, decompression ends without an exception, never past its cap, the same for whole and for cut memory; and whatever
/// is compressed comes back.
/// </summary>
internal sealed class CodecTarget : FuzzTarget
{
    private const int Cap = 1 << 20;

    /// <summary>Output in a buffer that doubles, and the largest window a frame may ask for (zstd: 8 MiB) twice.</summary>
    private const long CodecCaps = (4L * Cap) + (16L << 20);

    private static readonly CompressionType[] Codecs = [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public override string Name => "codecs";

    /// <summary>First each codec's decompression, then its round trip.</summary>
    public override IReadOnlyList<string> Slots { get; } =
        [.. Codecs.Select(static codec => $"{codec} decompress"), .. Codecs.Select(static codec => $"{codec} round trip")];

    public override IEnumerable<FuzzInput> Seeds()
    {
        byte[][] plain =
        [
            [],
            [7],
            Encoding.ASCII.GetBytes("a text that repeats itself, a text that repeats itself, a text that repeats itself"),
            new byte[4_000],
            [.. Enumerable.Range(0, 3_000).Select(static i => (byte)((i * i) ^ (i >> 3)))],
        ];
        foreach (var bytes in plain)
        {
            for (var i = 0; i < Codecs.Length; i++)
            {
                using var compressed = Compress(CompressionCodecs.Get(Codecs[i]), bytes);
                yield return new FuzzInput(i, compressed.WrittenSpan.ToArray());
                yield return new FuzzInput(Codecs.Length + i, bytes);
            }
        }
    }

    public override void Run(FuzzInput input)
    {
        var codec = CompressionCodecs.Get(Codecs[input.Slot % Codecs.Length]);
        if (input.Slot >= Codecs.Length)
        {
            using var compressed = Compress(codec, input.Bytes);
            using var back = new PooledBuffer();
            var done = codec.Decompress(new ReadOnlySequence<byte>(compressed.WrittenMemory), back, Math.Max(1, input.Bytes.Length));
            OracleException.Require(done == DecompressionResult.Done
                && back.WrittenSpan.SequenceEqual(input.Bytes), $"what was compressed does not come back: {done}");
            return;
        }

        using var output = new PooledBuffer();
        var meter = AllocationMeter.Start();
        var result = codec.Decompress(new ReadOnlySequence<byte>(input.Bytes), output, Cap);
        meter.Check(input.Bytes.Length, "decompressing", CodecCaps);
        OracleException.Require(output.WrittenCount <= Cap, $"{output.WrittenCount} bytes came out, past the cap");
        using var fromPieces = new PooledBuffer();
        var inPieces = codec.Decompress(Pieces.Cut(input.Bytes, 1 + (input.Bytes.Length % 31)), fromPieces, Cap);
        // A damaged frame may come out as far as it is sound, or not at all, by how its bytes lie: it can pass the cap before the damage is met.
        OracleException.Require((inPieces == DecompressionResult.Done) == (result == DecompressionResult.Done),
            $"in pieces it ends as {inPieces}, whole as {result}");
        OracleException.Require(result != DecompressionResult.Done
            || fromPieces.WrittenSpan.SequenceEqual(output.WrittenSpan), "in pieces other bytes come out");
    }

    private static PooledBuffer Compress(ICompressionCodec codec, byte[] bytes)
    {
        var compressed = new PooledBuffer();
        codec.Compress(new ReadOnlySequence<byte>(bytes), compressed, CompressionCodecs.DefaultLevel(codec.Type));
        return compressed;
    }
}
