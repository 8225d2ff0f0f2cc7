using System.Buffers.Binary;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Tests.Shared;

/// <summary>Batches of magic 2 around any bytes as their compressed records.</summary>
internal static class CompressedBatch
{
    public static byte[] Of(CompressionType codec, int count, ReadOnlySpan<byte> payload)
    {
        var batch = new byte[RecordBatchHeader.Size + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        batch[16] = 2;
        batch[22] = (byte)codec;
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), count - 1);
        batch.AsSpan(43, 14).Fill(0xff);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), count);
        payload.CopyTo(batch.AsSpan(RecordBatchHeader.Size));
        RecordBatchPatch.SetCrc(batch);
        return batch;
    }
}
