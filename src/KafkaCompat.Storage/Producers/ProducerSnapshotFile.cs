using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Protocol.StorageRecords;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// The <c>.snapshot</c> file: all producers of a partition before the offset that the file is named by. Version, then a <see cref="ProducerSnapshot"/>,
/// which begins with the CRC-32C of what follows it.
/// </summary>
internal static class ProducerSnapshotFile
{
    private const int CrcPosition = sizeof(short);
    private const int CheckedFrom = CrcPosition + sizeof(uint);

    public static byte[] Encode(IReadOnlyCollection<ProducerEntry> producers)
    {
        var snapshot = new ProducerSnapshot { ProducerEntries = new(producers.Count) };
        foreach (var producer in producers)
        {
            snapshot.ProducerEntries.Add(new()
            {
                ProducerId = producer.ProducerId,
                Epoch = producer.Epoch,
                LastSequence = producer.LastSequence,
                LastOffset = producer.LastDataOffset,
                OffsetDelta = producer.LastOffsetDelta,
                Timestamp = producer.LastTimestamp,
                CoordinatorEpoch = producer.CoordinatorEpoch,
                CurrentTxnFirstOffset = producer.CurrentTransactionFirstOffset,
            });
        }
        var buffer = new ArrayBufferWriter<byte>(CrcPosition + snapshot.GetSize(ProducerSnapshot.MaxVersion));
        var writer = new WireWriter(buffer);
        RecordSchemas.WriteVersioned(ref writer, snapshot, ProducerSnapshot.MaxVersion);
        writer.Flush();
        var bytes = buffer.WrittenSpan.ToArray();
        // The CRC covers what stands behind it, so it is known only when that is written.
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcPosition), Crc32C.Compute(bytes.AsSpan(CheckedFrom)));
        return bytes;
    }

    /// <summary>The producers in the file, or null where it is damaged.</summary>
    public static List<ProducerEntry>? TryRead(IFileStore files, string path)
    {
        var bytes = files.ReadAllBytes(path);
        if (bytes.Length < CheckedFrom || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(CrcPosition)) != Crc32C.Compute(bytes.AsSpan(CheckedFrom)))
            return null;
        try
        {
            var reader = new WireReader(bytes);
            var snapshot = ProducerSnapshot.Read(ref reader, reader.ReadInt16());
            return reader.Remaining == 0 ? snapshot.ProducerEntries.ConvertAll(Entry) : null;
        }
        catch (WireFormatException)
        {
            return null;
        }
    }

    private static ProducerEntry Entry(ProducerSnapshot.ProducerEntry read)
    {
        var entry = new ProducerEntry(read.ProducerId)
        {
            Epoch = read.Epoch,
            LastTimestamp = read.Timestamp,
            CoordinatorEpoch = read.CoordinatorEpoch,
            CurrentTransactionFirstOffset = read.CurrentTxnFirstOffset,
        };
        if (read.LastOffset >= 0)
            entry.AddBatch(new ProducerBatch(read.LastSequence, read.LastOffset, read.OffsetDelta, read.Timestamp));
        return entry;
    }
}
