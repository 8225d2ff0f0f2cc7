using System.Buffers;
using System.Buffers.Binary;
using K4os.Compression.LZ4;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// LZ4 frames as Kafka writes them: independent blocks of 64 KiB, no checksums but the header's. The frame around K4os's block codec is ours,
/// because a frame of Kafka's wants to be read as Kafka reads it: one frame, whatever follows its end mark is ignored.
/// </summary>
internal sealed class Lz4Codec : ICompressionCodec
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>The highest bit of a block's length: the block is stored as it is.</summary>
    internal const uint StoredBlock = 0x8000_0000;

    /// <summary>Magic, version 1 with independent blocks, blocks of 64 KiB, checksum of those two bytes.</summary>
    private static ReadOnlySpan<byte> Header => [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

    public CompressionType Type => CompressionType.Lz4;

    public DecompressionSource Open(in ReadOnlySequence<byte> input) => new Lz4FrameSource(input, checksHeader: true);

    public void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level)
    {
        // The default is LZ4's fast compressor; other levels are the high compressor's, which here ends at 12.
        var k4os = level == CompressionCodecs.Lz4DefaultLevel ? LZ4Level.L00_FAST : (LZ4Level)Math.Clamp(level, (int)LZ4Level.L03_HC, (int)LZ4Level.L12_MAX);
        output.Write(Header);
        byte[]? copy = null;
        for (var rest = input; !rest.IsEmpty;)
        {
            var block = rest.Slice(0, Math.Min(BlockBytes, rest.Length));
            rest = rest.Slice(block.Length);
            var bytes = CompressionCodecs.Contiguous(block, ref copy);
            var to = output.GetSpan(4 + LZ4Codec.MaximumOutputSize(bytes.Length));
            var size = LZ4Codec.Encode(bytes, to[4..], k4os);
            if (size <= 0 || size >= bytes.Length)
            {
                bytes.CopyTo(to[4..]);
                size = bytes.Length;
                BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)size | StoredBlock);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(to, size);
            }

            output.Advance(4 + size);
        }
        CompressionCodecs.Return(ref copy);
        output.Write<byte>([0, 0, 0, 0]);
    }
}
