using System.Buffers;

namespace KafkaCompat.Protocol.Compression;

/// <summary>Reads a sequence as a stream, for codecs that know only streams.</summary>
internal sealed class SequenceStream(ReadOnlySequence<byte> sequence) : Stream
{
    private ReadOnlySequence<byte> _rest = sequence;

    /// <summary>How many bytes were read.</summary>
    public long Given { get; private set; }

    /// <summary>Where the latest read began.</summary>
    public long LastReadStart { get; private set; }

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
        int count = (int)Math.Min(buffer.Length, _rest.Length);
        if (count == 0)
        {
            WasAskedPastEnd |= buffer.Length > 0;
            return 0;
        }
        LastReadStart = Given;
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
