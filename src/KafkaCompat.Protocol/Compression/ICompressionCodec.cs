using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>How a decompression ended.</summary>
public enum DecompressionResult : byte
{
    Done,

    /// <summary>The bytes are not of this codec, are damaged, or end too soon.</summary>
    Undecodable,

    /// <summary>There was more than the limit allows.</summary>
    TooLarge,
}

/// <summary>One of the codecs of record batches. Stateless: any thread may use it.</summary>
public interface ICompressionCodec
{
    CompressionType Type { get; }

    /// <summary>
    /// Appends what <paramref name="input"/> holds to <paramref name="output"/>, never more than <paramref name="maxOutputBytes"/>, whatever sizes the input claims.
    /// What was decompressed before the end or the fault stays in the output.
    /// </summary>
    DecompressionResult Decompress(in ReadOnlySequence<byte> input, PooledBuffer output, int maxOutputBytes);

    /// <summary>Appends the compressed form of <paramref name="input"/> to <paramref name="output"/>. The level counts only where the codec has levels.</summary>
    void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level);
}
