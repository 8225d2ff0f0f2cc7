using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ZstdSharp;

namespace KafkaCompat.Protocol.Compression;

/// <summary>Zstandard frames, one or several in a row. Contexts are large, so they are kept and used again.</summary>
internal sealed class ZstdCodec : ICompressionCodec
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>
    /// Kafka's reader makes room for so much content at a time. The library decompresses a frame of no more at once, with fewer checks than block by block.
    /// </summary>
    private const int MaxContentAtOnce = 16 * 1024;

    /// <summary>
    /// Bytes of a frame that is decompressed at once. No encoder needs as many for so little content; empty blocks do, of which a frame may have any number.
    /// </summary>
    private const int MaxFrameAtOnce = 32 * 1024;

    /// <summary>More contexts than this are not kept.</summary>
    private const int MaxKept = 16;

    /// <summary>A decompressor that a frame made remember more than this is not kept: what encoders ask for at any level but the highest stays below.</summary>
    private const long MaxKeptWindowBytes = 8 * 1024 * 1024;

    private readonly ConcurrentQueue<Decompressor> _decompressors = new();
    private readonly ConcurrentQueue<Compressor> _compressors = new();

    public CompressionType Type => CompressionType.Zstd;

    public DecompressionSource Open(in ReadOnlySequence<byte> input) => new Source(this, input);

    public void Compress(in ReadOnlySequence<byte> input, IBufferWriter<byte> output, int level)
    {
        level = Math.Clamp(level, Compressor.MinCompressionLevel, Compressor.MaxCompressionLevel);
        if (!_compressors.TryDequeue(out var compressor)) compressor = new Compressor(level);
        compressor.Level = level;
        byte[]? copy = null;
        var bytes = CompressionCodecs.Contiguous(input, ref copy);
        var to = output.GetSpan(Compressor.GetCompressBound(bytes.Length));
        output.Advance(compressor.Wrap(bytes, to));
        CompressionCodecs.Return(ref copy);
        if (_compressors.Count < MaxKept) _compressors.Enqueue(compressor);
        else compressor.Dispose();
    }

    private sealed class Source : DecompressionSource
    {
        private readonly ZstdCodec _codec;
        private readonly Decompressor _decompressor;
        private ReadOnlySequence<byte> _rest;
        private ReadOnlySequence<byte> _frame;
        private byte[]? _chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        private bool _isWithinFrame;
        private bool _hasEndedFrame;
        private Header _header;
        private int _headerBytes;
        private byte[]? _whole;
        private bool _isLarge;
        private long _expected;
        private long _produced;
        private bool _isDisposed;

        public Source(ZstdCodec codec, in ReadOnlySequence<byte> input)
        {
            _codec = codec;
            _rest = input;
            if (!codec._decompressors.TryDequeue(out var decompressor)) decompressor = new Decompressor();
            _decompressor = decompressor;
            _decompressor.ResetStream();
        }

        public override bool TryRead(out ReadOnlySpan<byte> chunk)
        {
            if (IsDamaged) return Damaged(out chunk);
            while (true)
            {
                if (!_isWithinFrame)
                {
                    if (_rest.IsEmpty)
                    {
                        chunk = default;
                        return false;
                    }
                    TakeFrame();
                }
                var piece = _headerBytes > 0 ? _header[.._headerBytes] : _frame.FirstSpan;
                _headerBytes = 0;
                var status = _decompressor.UnwrapStream(piece, _chunk, out var consumed, out var written);
                _frame = consumed < _frame.FirstSpan.Length ? _frame.Slice(consumed) : _frame.Slice(consumed).SkipEmptySegments();
                if (status == OperationStatus.InvalidData) return Damaged(out chunk);
                _isWithinFrame = status != OperationStatus.Done;
                _hasEndedFrame |= !_isWithinFrame;
                _produced += written;
                // The library checks the size that the header promised only where it decompresses a whole frame at once.
                if (_expected >= 0 && (_isWithinFrame ? _produced > _expected : _produced != _expected)) return Damaged(out chunk);
                if (!_isWithinFrame && !_frame.IsEmpty) return Damaged(out chunk);
                if (written > 0)
                {
                    chunk = _chunk.AsSpan(0, written);
                    return true;
                }
                // Nothing in, nothing out, and the frame is not at its end: it was cut.
                if (consumed == 0 && _isWithinFrame)
                {
                    // The reader of Java's clients minds that in the first frame alone; behind another, what there is of it counts.
                    if (!_hasEndedFrame) return Damaged(out chunk);
                    _isWithinFrame = false;
                    _rest = default;
                    continue;
                }
            }
        }

        /// <summary>
        /// The library would go on from one frame into the next without a word: it is given one at a time. What it checks depends on how much of a frame it is
        /// given first, and it looks for a whole frame at the start of any piece. So it is given a small frame in one piece, and of others first the header,
        /// alone and whole: a frame gets one verdict, however it lies in memory.
        /// </summary>
        private void TakeFrame()
        {
            var frame = ZstdFrame.Read(_rest);
            _frame = _rest.Slice(0, frame.Length).SkipEmptySegments();
            _rest = _rest.Slice(frame.Length);
            _expected = frame.ContentSize;
            _produced = 0;
            _isLarge |= frame.WindowBytes > MaxKeptWindowBytes;
            if (!frame.IsReadInPieces && frame.ContentSize is >= 0 and <= MaxContentAtOnce && frame.Length <= MaxFrameAtOnce)
            {
                if (_frame.IsSingleSegment) return;
                var length = CompressionCodecs.Contiguous(_frame, ref _whole).Length;
                _frame = new ReadOnlySequence<byte>(_whole!, 0, length);
                return;
            }
            _headerBytes = frame.HeaderBytes;
            _frame.Slice(0, _headerBytes).CopyTo(_header);
        }

        protected override void Dispose(bool disposing)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            CompressionCodecs.Return(ref _chunk);
            CompressionCodecs.Return(ref _whole);
            if (!_isLarge && _codec._decompressors.Count < MaxKept) _codec._decompressors.Enqueue(_decompressor);
            else _decompressor.Dispose();
        }
    }

    [InlineArray(ZstdFrame.MaxHeaderBytes)]
    private struct Header
    {
        private byte _first;
    }
}
