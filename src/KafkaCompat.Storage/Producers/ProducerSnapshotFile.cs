using System.Buffers.Binary;
using KafkaCompat.Protocol.Checksums;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Storage.Producers;

/// <summary>
/// The <c>.snapshot</c> file: all producers of a partition before the offset that the file is named by. Version, CRC-32C of what follows
/// it, number of entries, entries of 46 bytes.
/// </summary>
internal static class ProducerSnapshotFile
{
    private const short Version = 1;
    private const int CrcPosition = 2;
    private const int CountPosition = 6;
    private const int HeaderBytes = 10;
    private const int EntryBytes = 46;

    public static byte[] Encode(IReadOnlyCollection<ProducerEntry> producers)
    {
        var bytes = new byte[HeaderBytes + producers.Count * EntryBytes];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(CountPosition), producers.Count);
        Span<byte> at = bytes.AsSpan(HeaderBytes);
        foreach (ProducerEntry producer in producers)
        {
            BinaryPrimitives.WriteInt64BigEndian(at, producer.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(at[8..], producer.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(at[10..], producer.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(at[14..], producer.LastDataOffset);
            BinaryPrimitives.WriteInt32BigEndian(at[22..], producer.LastOffsetDelta);
            BinaryPrimitives.WriteInt64BigEndian(at[26..], producer.LastTimestamp);
            BinaryPrimitives.WriteInt32BigEndian(at[34..], producer.CoordinatorEpoch);
            BinaryPrimitives.WriteInt64BigEndian(at[38..], producer.CurrentTransactionFirstOffset);
            at = at[EntryBytes..];
        }
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcPosition), Crc32C.Compute(bytes.AsSpan(CountPosition)));
        return bytes;
    }

    /// <summary>The producers in the file, or null where it is damaged.</summary>
    public static List<ProducerEntry>? TryRead(IFileStore files, string path)
    {
        byte[] bytes = files.ReadAllBytes(path);
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(CrcPosition)) != Crc32C.Compute(bytes.AsSpan(CountPosition)))
            return null;
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(CountPosition));
        if (count < 0 || bytes.Length - HeaderBytes != (long)count * EntryBytes)
            return null;
        var producers = new List<ProducerEntry>(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> at = bytes.AsSpan(HeaderBytes + i * EntryBytes, EntryBytes);
            var entry = new ProducerEntry(BinaryPrimitives.ReadInt64BigEndian(at))
            {
                Epoch = BinaryPrimitives.ReadInt16BigEndian(at[8..]),
                LastTimestamp = BinaryPrimitives.ReadInt64BigEndian(at[26..]),
                CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(at[34..]),
                CurrentTransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(at[38..]),
            };
            long lastOffset = BinaryPrimitives.ReadInt64BigEndian(at[14..]);
            if (lastOffset >= 0)
                entry.AddBatch(new ProducerBatch(BinaryPrimitives.ReadInt32BigEndian(at[10..]), lastOffset, BinaryPrimitives.ReadInt32BigEndian(at[22..]), entry.LastTimestamp));
            producers.Add(entry);
        }
        return producers;
    }
}
