using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>One of the codecs of record batches. Stateless: any thread may use it.</summary>
public interface ICompressionCodec
{
    CompressionType Type { get; }

    /// <summary>Starts to decompress; the input must stay as it is until the source is disposed of.</summary>
    DecompressionSource Open(in ReadOnlySequence<byte> input);

    /// <summary>
    /// Appends the compressed form of <paramref name="input"/> to <paramref name="output"/>. The level counts only where the codec has levels.
    /// </summary>
    void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level);
}
