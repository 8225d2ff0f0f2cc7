using System.Buffers;
using KafkaCompat.Protocol.Compression;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

public class CompressionTests
{
    public static TheoryData<CompressionType, int> Levels => new()
    {
        { CompressionType.Gzip, -1 }, { CompressionType.Gzip, 1 }, { CompressionType.Gzip, 9 },
        { CompressionType.Snappy, 0 },
        { CompressionType.Lz4, 1 }, { CompressionType.Lz4, 9 }, { CompressionType.Lz4, 17 },
        { CompressionType.Zstd, -131072 }, { CompressionType.Zstd, 3 }, { CompressionType.Zstd, 22 },
    };

    private static IEnumerable<byte[]> Inputs()
    {
        var random = new Random(5);
        foreach (var length in new[] { 0, 1, 5, 100, 32_767, 32_768, 32_769, 65_536, 65_537, 300_000 })
        {
            yield return new byte[length];
            var noise = new byte[length];
            random.NextBytes(noise);
            yield return noise;
            yield return [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251 * (i >> 10)))];
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void What_a_codec_writes_it_reads_over_any_segments(CompressionType type, int level)
    {
        var codec = CompressionCodecs.Get(type);
        var random = new Random(6);
        foreach (var input in Inputs())
        {
            using var compressed = new PooledBuffer();
            codec.Compress(Segments.Cut(input, random, 4), compressed, level);
            var bytes = compressed.WrittenSpan.ToArray();
            for (var round = 0; round < 3; round++)
            {
                using var output = new PooledBuffer();
                var result = codec.Decompress(Segments.Cut(bytes, random, 1 + 3 * round), output, Math.Max(1, input.Length));
                Assert.Equal(DecompressionResult.Done, result);
                Assert.True(output.WrittenSpan.SequenceEqual(input), $"{type} {level} {input.Length}");
            }
            if (input.Length < 2) continue;
            using var limited = new PooledBuffer();
            Assert.Equal(DecompressionResult.TooLarge, codec.Decompress(new ReadOnlySequence<byte>(bytes), limited, input.Length - 1));
            Assert.True(limited.WrittenCount < input.Length);
        }
    }

    [Fact]
    public void Zstd_frames_in_a_row_are_each_read_to_their_own_end()
    {
        var codec = CompressionCodecs.Get(CompressionType.Zstd);
        var skippable = Convert.FromHexString("502a4d1803000000aabbcc");
        byte[] expected = [1, 2, 3, .. new byte[100_000], 9];
        byte[] frames = [.. Frame([1, 2, 3]), .. skippable, .. Frame([]), .. Frame(new byte[100_000]), .. Frame([9])];
        // A frame that promises 167 bytes and has none, behind a good one.
        byte[] broken = [.. Frame([1, 2, 3]), .. Convert.FromHexString("28b52ffd20a7010000"), .. Frame([9])];
        foreach (var size in (int[])[1, 2, 3, 4, 5, 7, 8, 11, 100, 1_000_000])
        {
            using var output = new PooledBuffer();
            Assert.Equal(DecompressionResult.Done, codec.Decompress(Segments.Every(frames, size), output, 1 << 20));
            Assert.True(output.WrittenSpan.SequenceEqual(expected), $"in pieces of {size}");
            // A compressed block of no bytes is read by Kafka.
            using var withEmpty = new PooledBuffer();
            Assert.Equal(DecompressionResult.Done,
                codec.Decompress(Segments.Every([.. Frame([1, 2, 3]), .. Convert.FromHexString("28b52ffd2000050000"), .. Frame([9])], size), withEmpty,
                1 << 20));
            Assert.Equal([1, 2, 3, 9], withEmpty.WrittenSpan.ToArray());
            // A byte repeated in a frame that promises none.
            foreach (var bytes in (byte[][])[broken, [.. Frame([1, 2, 3]), .. Convert.FromHexString("28b52ffd200003000007")]])
            {
                using var refused = new PooledBuffer();
                Assert.Equal(DecompressionResult.Undecodable, codec.Decompress(Segments.Every(bytes, size), refused, 1 << 20));
            }
        }

        byte[] Frame(byte[] content)
        {
            using var compressed = new PooledBuffer();
            codec.Compress(new ReadOnlySequence<byte>(content), compressed, 3);
            return compressed.WrittenSpan.ToArray();
        }
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Damaged_bytes_end_in_a_result_and_stay_within_the_limit(CompressionType type)
    {
        const int Limit = 1 << 20;
        var codec = CompressionCodecs.Get(type);
        var input = new byte[20_000];
        for (var i = 0; i < input.Length; i++) input[i] = (byte)(i % 7 * (i >> 8));
        using var compressed = new PooledBuffer();
        codec.Compress(new ReadOnlySequence<byte>(input), compressed, CompressionCodecs.DefaultLevel(type));
        var random = new Random(7);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = compressed.WrittenSpan.ToArray();
            for (var i = random.Next(1, 5); i > 0; i--) bytes[random.Next(round % 2 == 0 ? 32 : bytes.Length)] = (byte)random.Next(256);
            if (round % 3 == 0) bytes = bytes[..random.Next(bytes.Length)];
            using var output = new PooledBuffer();
            _ = codec.Decompress(Segments.Cut(bytes, random, 3), output, Limit);
            Assert.True(output.WrittenCount <= Limit);
        }
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_cut_stream_is_never_taken_for_a_whole_one(CompressionType type)
    {
        var codec = CompressionCodecs.Get(type);
        var input = new byte[3_000];
        new Random(8).NextBytes(input);
        using var compressed = new PooledBuffer();
        codec.Compress(new ReadOnlySequence<byte>(input), compressed, CompressionCodecs.DefaultLevel(type));
        for (var length = 0; length < compressed.WrittenCount; length++)
        {
            using var output = new PooledBuffer();
            var result = codec.Decompress(new ReadOnlySequence<byte>(compressed.WrittenMemory[..length]), output, int.MaxValue);
            // No bytes are no zstd frame, which is a good stream of nothing; so is a xerial header with less than a block's length behind it.
            var isEmptyStream = (type == CompressionType.Zstd && length == 0) || (type == CompressionType.Snappy && length is >= 16 and < 20);
            Assert.Equal(isEmptyStream ? DecompressionResult.Done : DecompressionResult.Undecodable, result);
        }
    }
}
