using System.Buffers.Binary;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// The records of <c>__consumer_offsets</c> from their bytes. Types that are not known are left alone; a newer Kafka may have written them.
/// </summary>
public static class GroupRecordCodec
{
    /// <summary>
    /// Decodes a record. False for a type that is not known. Throws <see cref="WireFormatException"/> for bytes that are no record.
    /// </summary>
    public static bool TryRead(byte[] key, byte[]? value, out ShardRecord record)
    {
        record = default;
        var keyReader = new WireReader(key);
        var type = BinaryPrimitives.TryReadInt16BigEndian(key, out var number) ? number : keyReader.ReadInt16();
        IMessage? readKey;
        if (type == LegacyOffsetCommitKey.RecordType)
        {
            // The offsets of Kafka's first years have the layout of today's, and are followed as such.
            keyReader.Skip(sizeof(short));
            readKey = OffsetCommitKey.Read(ref keyReader, 0);
        }
        else
        {
            readKey = RecordSchemas.ReadKey(RecordFamily.Group, ref keyReader, out _);
        }
        if (readKey is null) return false;
        if (value is null)
        {
            record = new ShardRecord(type, readKey, 0, null);
            return true;
        }
        var valueReader = new WireReader(value);
        var schema = readKey is OffsetCommitKey ? OffsetCommitKey.RecordType : type;
        var readValue = RecordSchemas.ReadValue(RecordFamily.Group, schema, ref valueReader, out var version);
        record = new ShardRecord(type, readKey, version, readValue);
        return readValue is not null;
    }
}
