using System.Buffers;
using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// A record of <c>__consumer_offsets</c> in bytes: the key is an int16 type and the message in version 0, the value an int16 version
/// and the message. Types that are not known are left alone; a newer Kafka may have written them.
/// </summary>
public static class GroupRecordCodec
{
    /// <summary>
    /// Decodes a record. False for a type that is not known. Throws <see cref="WireFormatException"/> for bytes that are no record.
    /// </summary>
    public static bool TryRead(byte[] key, byte[]? value, out GroupRecord record)
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
            record = new GroupRecord(type, readKey, 0, null);
            return true;
        }
        var valueReader = new WireReader(value);
        var schema = readKey is OffsetCommitKey ? OffsetCommitKey.RecordType : type;
        var readValue = RecordSchemas.ReadValue(RecordFamily.Group, schema, ref valueReader, out var version);
        record = new GroupRecord(type, readKey, version, readValue);
        return readValue is not null;
    }

    /// <summary>Writes the key.</summary>
    public static void WriteKey(in GroupRecord record, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(output);
        writer.WriteInt16(record.KeyType);
        record.Key.Write(ref writer, 0);
        writer.Flush();
    }

    /// <summary>Writes the value of a record that has one.</summary>
    public static void WriteValue(in GroupRecord record, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(output);
        RecordSchemas.WriteVersioned(ref writer, record.Value!, record.ValueVersion);
        writer.Flush();
    }
}
