using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Storage.Files;
using KafkaCompat.Storage.Segments;
using Xunit;

namespace KafkaCompat.Storage.Tests.Damage;

/// <summary>What it costs to look for the next sound batch behind damage in a large segment whose records look like anything, as compressed ones do.</summary>
public sealed class ResyncTests
{
    private const long SegmentBytes = 1 << 30;
    private const long ScannedBytes = 256 * 1024;

    /// <summary>
    /// Nothing in them is taken for a batch whose length happens to be half of the segment: it would be read and checked for each such place.
    /// </summary>
    [Fact]
    public void RecordsAreNotCheckedAsBatches()
    {
        using var file = new Noise();
        using var scanner = new BatchScanner(file, 0, SegmentBytes);
        Assert.False(scanner.MoveNext());
        Assert.False(scanner.TryResync(1_000, long.MaxValue, ScannedBytes));
        Assert.InRange(file.BytesRead, ScannedBytes, 4 * ScannedBytes);
    }

    /// <summary>A stop does not wait until the whole of a segment has been looked at.</summary>
    [Fact]
    public void AStopEndsTheLook()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        using var file = new Noise();
        using var scanner = new BatchScanner(file, 0, SegmentBytes) { Watch = new RecoveryWatch(TimeProvider.System, IRecoveryListener.None, stop.Token) };
        Assert.False(scanner.MoveNext());
        _ = Assert.Throws<OperationCanceledException>(() => scanner.TryResync(1_000, long.MaxValue, long.MaxValue));
        Assert.InRange(file.BytesRead, 1, ScannedBytes);
    }

    /// <summary>A gibibyte of the same noise over and over, which begins with a length that no batch has.</summary>
    private sealed class Noise : StoredFile
    {
        private readonly byte[] _bytes = new byte[1 << 20];

        public Noise() : base("/noise")
        {
            new Random(1).NextBytes(_bytes);
            BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(8), -1);
        }

        public long BytesRead { get; private set; }

        public override long Length => SegmentBytes;

        public override int Read(long position, Span<byte> buffer)
        {
            BytesRead += buffer.Length;
            for (var at = 0; at < buffer.Length;)
            {
                var from = (int)((position + at) % _bytes.Length);
                var count = Math.Min(buffer.Length - at, _bytes.Length - from);
                _bytes.AsSpan(from, count).CopyTo(buffer[at..]);
                at += count;
            }
            return buffer.Length;
        }

        public override void Write(long position, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

        public override void Write(long position, in ReadOnlySequence<byte> bytes) => throw new NotSupportedException();

        public override void SetLength(long length) => throw new NotSupportedException();

        public override void Preallocate(long length) => throw new NotSupportedException();

        public override void Sync() => throw new NotSupportedException();

        protected override void Close()
        {
        }
    }
}
