using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>
/// Hands a sequence to a DeflateStream, which shows neither how much of its input it used nor where the deflate stream ended: between two places a byte at a
/// time, before and behind in larger pieces. An inflater takes no byte that it does not need, so a stream that ended after a piece of one byte ended behind
/// that byte.
/// </summary>
/// <param name="bytes">what may be read</param>
/// <param name="singleFrom">where the pieces of one byte begin</param>
/// <param name="singleUntil">where they end</param>
internal sealed class DeflateInput(ReadOnlySequence<byte> bytes, long singleFrom, long singleUntil) : Stream
{
    private ReadOnlySequence<byte> _rest = bytes;

    /// <summary>Whether the pieces of one byte have begun.</summary>
    public bool HasReachedSingles => Given >= singleFrom;

    /// <summary>How many bytes were read.</summary>
    public long Given { get; private set; }

    /// <summary>Where the latest piece began.</summary>
    public long LastPieceStart { get; private set; }

    /// <summary>Whether somebody read on when nothing was left.</summary>
    public bool WasAskedPastEnd { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        var piece = Given < singleFrom ? Math.Min(buffer.Length, singleFrom - Given) : Given < singleUntil ? 1 : buffer.Length;
        var count = (int)Math.Min(piece, _rest.Length);
        if (count == 0)
        {
            WasAskedPastEnd = true;
            return 0;
        }
        LastPieceStart = Given;
        Given += count;
        _rest.Slice(0, count).CopyTo(buffer);
        _rest = _rest.Slice(count);
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
