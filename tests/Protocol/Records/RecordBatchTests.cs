using System.Text;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

public class RecordBatchTests
{
    private const long Time = 1_700_000_000_000;

    internal static byte[] Batch(int records, CompressionType codec = CompressionType.None, long baseOffset = 0)
    {
        using var builder = new RecordBatchBuilder { BaseOffset = baseOffset, Codec = codec };
        for (var i = 0; i < records; i++)
        {
            builder.Append(Time + i, i % 5 == 0 ? null : Encoding.UTF8.GetBytes($"key-{i}"), i % 7 == 0 ? null : new byte[i % 300],
                i % 3 == 0 ? [new RecordHeader("h"u8.ToArray(), null), new RecordHeader("h"u8.ToArray(), "x"u8.ToArray())] : []);
        }

        return builder.ToArray();
    }

    [Fact]
    public void What_the_builder_writes_the_reader_reads_over_any_segments()
    {
        byte[] bytes = [.. Batch(200), .. Batch(50, baseOffset: 200)];
        var random = new Random(11);
        for (var round = 0; round < 50; round++)
        {
            var sequence = Segments.Cut(bytes, random, 1 + round);
            long offset = 0;
            var batches = RecordBatchEnumerator.Over(sequence);
            while (batches.MoveNext())
            {
                var batch = batches.Current;
                Assert.Equal(batch.Header.Crc, Crc32C.Compute(batch.Bytes.Slice(RecordBatchHeader.AttributesPosition)));
                using var reader = new RecordBatchReader(batch);
                var i = 0;
                for (; reader.MoveNext(); i++)
                {
                    var record = reader.Current;
                    Assert.Equal(offset++, record.Offset);
                    Assert.Equal(Time + i, record.Timestamp);
                    Assert.Equal(i % 5 == 0 ? null : $"key-{i}", record.Key.IsNull ? null : Encoding.UTF8.GetString(record.Key.Span));
                    Assert.Equal(i % 7 == 0, record.Value.IsNull);
                    Assert.Equal(i % 7 == 0 ? 0 : i % 300, record.Value.Length);
                    Assert.Equal(i % 3 == 0 ? 2 : 0, record.HeaderCount);
                    var headers = 0;
                    foreach (var header in record.Headers)
                    {
                        Assert.Equal("h"u8, header.Key);
                        Assert.Equal(headers++ == 0, header.Value.IsNull);
                    }
                    Assert.Equal(record.HeaderCount, headers);
                }
                Assert.Equal(RecordFault.None, reader.Fault);
                Assert.Equal(batch.Header.RecordCount, i);
            }
            Assert.Equal(RecordFault.None, batches.Fault);
            Assert.Equal(250, offset);
        }
    }

    [Fact]
    public void Patches_reach_the_bytes_through_any_segments()
    {
        byte[] bytes = Batch(20), expected = Batch(20);
        RecordBatchPatch.SetBaseOffset(expected, 123_456_789_012);
        RecordBatchPatch.SetPartitionLeaderEpoch(expected, 42);
        RecordBatchPatch.SetMaxTimestamp(expected, TimestampType.LogAppendTime, Time + 99);
        var sequence = Segments.Every(bytes, 3);
        RecordBatchPatch.SetBaseOffset(sequence, 123_456_789_012);
        RecordBatchPatch.SetPartitionLeaderEpoch(sequence, 42);
        RecordBatchPatch.SetMaxTimestamp(sequence, TimestampType.LogAppendTime, Time + 99);
        Assert.Equal(expected, bytes);

        Assert.True(RecordBatchHeader.TryRead(sequence, out var header));
        Assert.Equal((123_456_789_012, 42, TimestampType.LogAppendTime, Time + 99),
            (header.BaseOffset, header.PartitionLeaderEpoch, header.TimestampType, header.MaxTimestamp));
        Assert.Equal(header.Crc, Crc32C.Compute(bytes.AsSpan(RecordBatchHeader.AttributesPosition)));
        Assert.Equal((123_456_789_031, 123_456_789_032, bytes.Length), (header.LastOffset, header.NextOffset, header.SizeInBytes));
    }

    [Fact]
    public void Bytes_that_end_within_a_batch_are_said_to()
    {
        var bytes = Batch(3);
        for (var length = 0; length < bytes.Length; length++)
        {
            var batches = RecordBatchEnumerator.Over(bytes.AsMemory(0, length));
            Assert.False(batches.MoveNext());
            Assert.Equal(length == 0 ? RecordFault.None : RecordFault.BatchIncomplete, batches.Fault);
        }
    }
}
