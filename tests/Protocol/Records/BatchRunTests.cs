using System.Buffers;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

public sealed class BatchRunTests
{
    [Fact]
    public void The_headers_of_a_run_are_those_of_its_batches()
    {
        byte[] bytes = [.. Batch(0, 1), .. Batch(1, 3), .. Batch(4, 2)];
        var run = BatchRun.Read(new ReadOnlySequence<byte>(bytes));
        Assert.Equal(bytes, run.Bytes.ToArray());
        Assert.Equal([(0L, 0L), (1L, 3L), (4L, 5L)], Enumerable.Range(0, run.Count).Select(i => (run[i].BaseOffset, run[i].LastOffset)));
    }

    [Fact]
    public void One_batch_is_a_run_of_its_own()
    {
        var bytes = Batch(7, 2);
        var read = BatchRun.Read(new ReadOnlySequence<byte>(bytes));
        Assert.Equal(1, read.Count);
        Assert.Equal(read[0], new BatchRun(read[0], read.Bytes)[0]);
        Assert.Equal(0, BatchRun.Read(ReadOnlySequence<byte>.Empty).Count);
    }

    [Fact]
    public void Bytes_that_end_within_a_batch_are_none()
    {
        byte[] bytes = [.. Batch(0, 1), .. Batch(1, 1)];
        for (var length = 1; length < bytes.Length; length++)
        {
            if (length == Batch(0, 1).Length) continue;
            var cut = new ReadOnlySequence<byte>(bytes, 0, length);
            Assert.Throws<ArgumentException>(() => BatchRun.Read(cut));
        }
    }

    [Fact]
    public void A_header_of_another_length_than_the_bytes_is_refused()
    {
        var bytes = Batch(0, 1);
        Assert.True(RecordBatchHeader.TryRead(bytes, out var header));
        Assert.Throws<ArgumentException>(() => new BatchRun(header, new ReadOnlySequence<byte>([.. bytes, 0])));
        Assert.Throws<ArgumentException>(() => new BatchRun(header, new ReadOnlySequence<byte>(bytes, 0, bytes.Length - 1)));
    }

    [Fact]
    public void Headers_that_were_read_are_taken_over_where_they_are_of_these_bytes()
    {
        byte[] bytes = [.. Batch(0, 1), .. Batch(1, 3)];
        var read = BatchRun.Read(new ReadOnlySequence<byte>(bytes));
        var run = BatchRun.Of([read[0], read[1]], read.Bytes);
        Assert.Equal((2, read[1]), (run.Count, run[1]));
        Assert.Equal(1, BatchRun.Of([read[0]], read.Bytes.Slice(0, read[0].SizeInBytes)).Count);
        Assert.Equal(0, BatchRun.Of([], ReadOnlySequence<byte>.Empty).Count);
        Assert.Throws<ArgumentException>(() => BatchRun.Of([read[0], read[1]], read.Bytes.Slice(1)));
        Assert.Throws<ArgumentException>(() => BatchRun.Of([], read.Bytes));
    }

    private static byte[] Batch(long baseOffset, int records)
    {
        using var builder = new RecordBatchBuilder { BaseOffset = baseOffset };
        for (var i = 0; i < records; i++) builder.Append(1, NullableBytes.Null, new NullableBytes("value"u8));
        using var buffer = new PooledBuffer();
        _ = builder.WriteTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
