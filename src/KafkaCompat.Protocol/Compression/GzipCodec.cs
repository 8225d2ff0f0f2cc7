using System.Buffers;
using System.IO.Compression;

namespace KafkaCompat.Protocol.Compression;

/// <summary>gzip (RFC 1952), from the BCL.</summary>
internal sealed class GzipCodec : ICompressionCodec
{
    public CompressionType Type => CompressionType.Gzip;

    public DecompressionResult Decompress(in ReadOnlySequence<byte> input, PooledBuffer output, int maxOutputBytes)
    {
        try
        {
            using var gzip = new GZipStream(new SequenceStream(input), CompressionMode.Decompress);
            return StreamedDecompression.Drain(gzip, output, maxOutputBytes);
        }
        catch (InvalidDataException)
        {
            return DecompressionResult.Undecodable;
        }
    }

    public void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level)
    {
        var options = new ZLibCompressionOptions { CompressionLevel = level < 0 ? 6 : Math.Clamp(level, 1, 9) };
        using var gzip = new GZipStream(new BufferWriterStream(output), options);
        foreach (var segment in input) gzip.Write(segment.Span);
    }
}
