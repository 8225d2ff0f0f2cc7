using System.Buffers;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.GroupRecords;

namespace KafkaCompat.Cluster.Groups;

/// <summary>
/// A record of <c>__consumer_offsets</c> in bytes: the key is an int16 type and the message in version 0, the value an int16 version
/// and the message. Types that this broker has no use for are left alone; a newer Kafka may have written them.
/// </summary>
public static class GroupRecordCodec
{
    private delegate IMessage Reader(ref WireReader reader, short version);

    /// <summary>By key type. Type 0 is the offset key of Kafka's first years, in the same layout as type 1.</summary>
    private static readonly Dictionary<short, (Reader Key, Reader Value)> Readers = new()
    {
        [0] = (OffsetCommitKey.Read, OffsetCommitValue.Read),
        [1] = (OffsetCommitKey.Read, OffsetCommitValue.Read),
        [2] = (GroupMetadataKey.Read, GroupMetadataValue.Read),
        [3] = (ConsumerGroupMetadataKey.Read, ConsumerGroupMetadataValue.Read),
        [5] = (ConsumerGroupMemberMetadataKey.Read, ConsumerGroupMemberMetadataValue.Read),
        [6] = (ConsumerGroupTargetAssignmentMetadataKey.Read, ConsumerGroupTargetAssignmentMetadataValue.Read),
        [8] = (ConsumerGroupCurrentMemberAssignmentKey.Read, ConsumerGroupCurrentMemberAssignmentValue.Read),
        [10] = (ShareGroupMemberMetadataKey.Read, ShareGroupMemberMetadataValue.Read),
        [11] = (ShareGroupMetadataKey.Read, ShareGroupMetadataValue.Read),
        [17] = (StreamsGroupMetadataKey.Read, StreamsGroupMetadataValue.Read),
        [19] = (StreamsGroupMemberMetadataKey.Read, StreamsGroupMemberMetadataValue.Read),
        [20] = (StreamsGroupTargetAssignmentMetadataKey.Read, StreamsGroupTargetAssignmentMetadataValue.Read),
        [22] = (StreamsGroupCurrentMemberAssignmentKey.Read, StreamsGroupCurrentMemberAssignmentValue.Read),
    };

    /// <summary>
    /// Decodes a record. False for a type that is not followed. Throws <see cref="WireFormatException"/> for bytes that are no record.
    /// </summary>
    public static bool TryRead(byte[] key, byte[]? value, out GroupRecord record)
    {
        var keyReader = new WireReader(new ReadOnlySequence<byte>(key));
        var type = keyReader.ReadInt16();
        if (!Readers.TryGetValue(type, out var readers))
        {
            record = default;
            return false;
        }
        var readKey = readers.Key(ref keyReader, 0);
        if (value is null)
        {
            record = new GroupRecord(type, readKey, 0, null);
            return true;
        }
        var valueReader = new WireReader(new ReadOnlySequence<byte>(value));
        var version = valueReader.ReadInt16();
        record = new GroupRecord(type, readKey, version, readers.Value(ref valueReader, version));
        return true;
    }

    /// <summary>Writes the key.</summary>
    public static void WriteKey(in GroupRecord record, IBufferWriter<byte> output) => Write(record.KeyType, record.Key, 0, output);

    /// <summary>Writes the value of a record that has one.</summary>
    public static void WriteValue(in GroupRecord record, IBufferWriter<byte> output) =>
        Write(record.ValueVersion, record.Value!, record.ValueVersion, output);

    private static void Write(short head, IMessage message, short version, IBufferWriter<byte> output)
    {
        var writer = new WireWriter(output);
        writer.WriteInt16(head);
        message.Write(ref writer, version);
        writer.Flush();
    }
}
