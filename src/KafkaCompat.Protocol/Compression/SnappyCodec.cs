using System.Buffers;
using System.Buffers.Binary;
using Snappier;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Snappy in the framing of the Java library "xerial", which is what Kafka's clients write: a header of 16 bytes, then blocks, each behind its
/// compressed length. Input without that header is one raw block, as some clients write it.
/// </summary>
internal sealed class SnappyCodec : ICompressionCodec
{
    /// <summary>What xerial cuts its input into.</summary>
    private const int BlockBytes = 32 * 1024;

    private const int LengthBytes = 4;

    private const int HeaderBytes = 16, MagicBytes = 8;

    private const int OldestVersion = 1;

    /// <summary>The first four bytes of the magic, which are no block's length.</summary>
    private const int MagicHead = unchecked((int)0x82534E41);

    /// <summary>A copy of 64 bytes takes three, so no block decompresses to more than this many times its size.</summary>
    private const int LargestRatio = 22;

    /// <summary>Magic, version 1, compatible with 1.</summary>
    private static ReadOnlySpan<byte> Header => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    private static ReadOnlySpan<byte> Magic => Header[..MagicBytes];

    public CompressionType Type => CompressionType.Snappy;

    public DecompressionSource Open(in ReadOnlySequence<byte> input) => new Source(input);

    public void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level)
    {
        output.Write(Header);
        byte[]? copy = null;
        for (var rest = input; !rest.IsEmpty;)
        {
            var block = rest.Slice(0, Math.Min(BlockBytes, rest.Length));
            rest = rest.Slice(block.Length);
            var bytes = CompressionCodecs.Contiguous(block, ref copy);
            var to = output.GetSpan(4 + Snappy.GetMaxCompressedLength(bytes.Length));
            var compressed = Snappy.Compress(bytes, to[4..]);
            BinaryPrimitives.WriteInt32BigEndian(to, compressed);
            output.Advance(4 + compressed);
        }
        CompressionCodecs.Return(ref copy);
    }

    private sealed class Source : DecompressionSource
    {
        private ReadOnlySequence<byte> _rest;
        private readonly bool _isFramed;

        /// <summary>Whether a block with bytes stood behind the latest header that was stepped over.</summary>
        private bool _hasBlock;
        private byte[]? _copy;
        private byte[]? _block;

        public Source(in ReadOnlySequence<byte> input)
        {
            _rest = input;
            // The version in the first header nobody minds.
            _isFramed = _rest.Length >= HeaderBytes && StartsWithMagic();
            if (_isFramed) _rest = _rest.Slice(HeaderBytes);
            IsDamaged = input.IsEmpty;
        }

        public override bool ReadsAhead => true;

        public override bool TryRead(out ReadOnlySpan<byte> chunk)
        {
            chunk = default;
            if (IsDamaged) return false;
            while (!_rest.IsEmpty)
            {
                // Fewer bytes than a block's length are no block; Kafka's clients read over them.
                if (_isFramed && _rest.Length < LengthBytes) return false;
                // Streams may follow one another, so a header can stand wherever a block can.
                if (_isFramed && PeekInt32() == MagicHead)
                {
                    if (_rest.Length < HeaderBytes) return Damaged(out chunk);
                    if (!TryTakeHeader(out var isOther)) return Damaged(out chunk);
                    if (isOther && !_hasBlock) return false;
                    _hasBlock &= !isOther;
                    continue;
                }
                if (!TryTakeBlock(out var block)) return Damaged(out chunk);
                if (!TryDecode(CompressionCodecs.Contiguous(block, ref _copy), out chunk)) return Damaged(out chunk);
                if (chunk.IsEmpty) continue;
                _hasBlock = true;
                return true;
            }
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            CompressionCodecs.Return(ref _copy);
            CompressionCodecs.Return(ref _block);
        }

        /// <summary>
        /// Magic, version, and the oldest version that can read it. Readers mind the first of the two alone, and know none before 1. A header whose magic is
        /// another they step over behind a block, and take for the end elsewhere.
        /// </summary>
        private bool TryTakeHeader(out bool isOther)
        {
            Span<byte> version = stackalloc byte[sizeof(int)];
            isOther = !StartsWithMagic();
            _rest.Slice(MagicBytes, version.Length).CopyTo(version);
            _rest = _rest.Slice(HeaderBytes);
            return isOther || BinaryPrimitives.ReadInt32BigEndian(version) >= OldestVersion;
        }

        private int PeekInt32()
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            _rest.Slice(0, bytes.Length).CopyTo(bytes);
            return BinaryPrimitives.ReadInt32BigEndian(bytes);
        }

        private bool TryTakeBlock(out ReadOnlySequence<byte> block)
        {
            block = _rest;
            if (_isFramed)
            {
                var length = PeekInt32();
                if (length < 0 || length > _rest.Length - LengthBytes) return false;
                block = _rest.Slice(LengthBytes, length);
            }
            _rest = _rest.Slice(block.End);
            return true;
        }

        private bool TryDecode(ReadOnlySpan<byte> block, out ReadOnlySpan<byte> chunk)
        {
            chunk = default;
            try
            {
                long length = Snappy.GetUncompressedLength(block);
                if (length < 0 || length > (long)LargestRatio * block.Length) return false;
                CompressionCodecs.Rent(ref _block, (int)length);
                // The library cuts a literal that is too long to the room that is left; others refuse such a block.
                if (!SnappyBlock.IsSound(block) || !Snappy.TryDecompress(block, _block, out var written) || written != length) return false;
                chunk = _block.AsSpan(0, written);
                return true;
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }

        private bool StartsWithMagic()
        {
            if (_rest.Length < Magic.Length) return false;
            if (_rest.FirstSpan.Length >= Magic.Length) return _rest.FirstSpan.StartsWith(Magic);
            Span<byte> first = stackalloc byte[Magic.Length];
            _rest.Slice(0, first.Length).CopyTo(first);
            return first.SequenceEqual(Magic);
        }
    }
}
