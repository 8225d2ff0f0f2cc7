using System.Buffers.Binary;
using System.IO.Compression;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Tests.Shared;

/// <summary>
/// Batches whose records hold nothing but zeros, compressed with gzip: a few kilobytes that decompress to as much as a test wants, without that much memory.
/// </summary>
internal static class CompressedZeros
{
    /// <summary>A batch with a record for each number of bytes; each record is a millisecond later than the one before.</summary>
    public static byte[] Batch(long firstTimestamp, params int[] valueBytes)
    {
        using var payload = new MemoryStream();
        using (var gzip = new GZipStream(payload, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (var i = 0; i < valueBytes.Length; i++) Write(gzip, i, valueBytes[i]);
        }
        var batch = new byte[RecordBatchHeader.Size + payload.Length];
        payload.ToArray().CopyTo(batch, RecordBatchHeader.Size);
        var header = batch.AsSpan(0, RecordBatchHeader.Size);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], batch.Length - 12);
        header[16] = 2;
        BinaryPrimitives.WriteInt16BigEndian(header[21..], 1);
        BinaryPrimitives.WriteInt32BigEndian(header[23..], valueBytes.Length - 1);
        BinaryPrimitives.WriteInt64BigEndian(header[27..], firstTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(header[35..], firstTimestamp + valueBytes.Length - 1);
        header[43..57].Fill(0xff);
        BinaryPrimitives.WriteInt32BigEndian(header[57..], valueBytes.Length);
        SetCrc(batch);
        return batch;
    }

    /// <summary>Makes the checksum right after a test has changed the bytes.</summary>
    public static void SetCrc(byte[] batch) => BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));

    private static void Write(Stream to, int index, int valueBytes)
    {
        using var head = new MemoryStream();
        head.WriteByte(0);
        Number(head, index);
        Number(head, index);
        Number(head, -1);
        Number(head, valueBytes);
        Number(to, (int)head.Length + valueBytes + 1);
        head.WriteTo(to);
        var zeros = new byte[Math.Min(valueBytes, 1 << 16)];
        for (var left = valueBytes; left > 0; left -= zeros.Length) to.Write(zeros, 0, Math.Min(left, zeros.Length));
        Number(to, 0);
    }

    private static void Number(Stream to, int value)
    {
        for (var left = (uint)((value << 1) ^ (value >> 31)); ; left >>= 7)
        {
            if (left < 0x80)
            {
                to.WriteByte((byte)left);
                return;
            }
            to.WriteByte((byte)(left | 0x80));
        }
    }
}
