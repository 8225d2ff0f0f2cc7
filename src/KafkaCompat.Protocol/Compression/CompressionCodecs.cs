using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>The codecs by their number, and what Kafka's settings say about their levels.</summary>
public static class CompressionCodecs
{
    /// <summary>Kafka's <c>compression.gzip.level</c> for "as zlib thinks best".</summary>
    public const int GzipDefaultLevel = -1;

    public const int Lz4DefaultLevel = 9;
    public const int ZstdDefaultLevel = 3;

    private static readonly ICompressionCodec?[] ByNumber = [null, new GzipCodec(), new SnappyCodec(), new Lz4Codec(), new ZstdCodec()];

    /// <summary>The codec of a number from 1 to 4; <see cref="CompressionType.None"/> has none.</summary>
    public static ICompressionCodec Get(CompressionType type) =>
        (uint)type < (uint)ByNumber.Length && ByNumber[(int)type] is { } codec
            ? codec
            : throw new ArgumentOutOfRangeException(nameof(type), type, "not a codec");

    public static int DefaultLevel(CompressionType type) => type switch
    {
        CompressionType.Gzip => GzipDefaultLevel,
        CompressionType.Lz4 => Lz4DefaultLevel,
        CompressionType.Zstd => ZstdDefaultLevel,
        _ => 0,
    };

    /// <summary>
    /// Appends all that <paramref name="input"/> holds to <paramref name="output"/>, never more than <paramref name="maxOutputBytes"/>, whatever sizes the
    /// input claims. What was decompressed before a fault stays in the output.
    /// </summary>
    public static DecompressionResult Decompress(this ICompressionCodec codec, in ReadOnlySequence<byte> input, PooledBuffer output, int maxOutputBytes)
    {
        using var source = codec.Open(input);
        return Drain(source, output, maxOutputBytes);
    }

    internal static DecompressionResult Drain(DecompressionSource source, PooledBuffer output, int maxOutputBytes)
    {
        var room = maxOutputBytes;
        while (source.TryRead(out var chunk))
        {
            if (chunk.Length > room) return DecompressionResult.TooLarge;
            room -= chunk.Length;
            output.Write(chunk);
        }
        return source.IsDamaged ? DecompressionResult.Undecodable : DecompressionResult.Done;
    }

    /// <summary>The bytes in one span: where they lie if they lie together, else copied into <paramref name="rented"/>, which the caller gives back.</summary>
    internal static ReadOnlySpan<byte> Contiguous(scoped in ReadOnlySequence<byte> bytes, ref byte[]? rented)
    {
        if (bytes.IsSingleSegment) return bytes.FirstSpan;
        var length = checked((int)bytes.Length);
        Rent(ref rented, length);
        bytes.CopyTo(rented);
        return rented.AsSpan(0, length);
    }

    /// <summary>Makes sure of a pooled array of at least this size; what the old one held is gone.</summary>
    internal static void Rent([System.Diagnostics.CodeAnalysis.NotNull] ref byte[]? array, int size)
    {
        if (array is not null && array.Length >= size) return;
        Return(ref array);
        array = ArrayPool<byte>.Shared.Rent(size);
    }

    internal static void Return(ref byte[]? array)
    {
        if (array is not null) ArrayPool<byte>.Shared.Return(array);
        array = null;
    }
}
