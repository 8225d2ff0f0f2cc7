using System.Buffers;
using System.IO.Compression;

namespace KafkaCompat.Protocol.Compression;

/// <summary>gzip (RFC 1952), from the BCL. Members may follow one another; what follows the last and is none is ignored.</summary>
internal sealed class GzipCodec : ICompressionCodec
{
    private const int ZlibDefaultLevel = 6;

    public CompressionType Type => CompressionType.Gzip;

    public DecompressionSource Open(in ReadOnlySequence<byte> input) => new GzipSource(input);

    public void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level)
    {
        var options = new ZLibCompressionOptions { CompressionLevel = level < 0 ? ZlibDefaultLevel : Math.Clamp(level, 1, 9) };
        using var gzip = new GZipStream(new BufferWriterStream(output), options);
        foreach (var segment in input) gzip.Write(segment.Span);
        // An empty input would otherwise leave no bytes at all, which is no gzip member.
        if (input.IsEmpty) output.Write(EmptyMember);
    }

    /// <summary>Header, one empty final block, checksum and size of nothing.</summary>
    private static ReadOnlySpan<byte> EmptyMember => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
}
