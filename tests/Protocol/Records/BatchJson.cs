using System.Buffers;
using System.Text;
using System.Text.Json;
using KafkaCompat.Protocol.Compression;
using KafkaCompat.Protocol.Records;
using Xunit;

namespace KafkaCompat.Protocol.Tests.Records;

/// <summary>Prints batches as golden/batches/batches.tsv does.</summary>
internal static class BatchJson
{
    public static JsonElement Of(ReadOnlySequence<byte> bytes)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            if (RecordBatchEnumerator.Peek(bytes, out _) == RecordFault.LegacyMagic)
            {
                WriteLegacy(json, bytes.ToArray());
            }
            else
            {
                var batches = RecordBatchEnumerator.Over(bytes);
                while (batches.MoveNext()) Write(json, batches.Current);
                Assert.Equal(RecordFault.None, batches.Fault);
            }
            json.WriteEndArray();
        }
        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }

    private static void Write(Utf8JsonWriter json, in RecordBatchSlice batch)
    {
        var header = batch.Header;
        json.WriteStartObject();
        WriteStart(json, header.BaseOffset, header.LastOffset, header.SizeInBytes, header.Magic, header.Crc, header.Attributes, header.Codec,
            header.TimestampType, header.MaxTimestamp);
        json.WriteNumber("partitionLeaderEpoch", header.PartitionLeaderEpoch);
        json.WriteNumber("lastOffsetDelta", header.LastOffsetDelta);
        json.WriteNumber("baseTimestamp", header.BaseTimestamp);
        json.WriteNumber("producerId", header.ProducerId);
        json.WriteNumber("producerEpoch", header.ProducerEpoch);
        json.WriteNumber("baseSequence", header.BaseSequence);
        json.WriteNumber("lastSequence", header.LastSequence);
        json.WriteNumber("count", header.RecordCount);
        json.WriteBoolean("transactional", header.IsTransactional);
        json.WriteBoolean("control", header.IsControl);
        if (header.HasDeleteHorizon) json.WriteNumber("deleteHorizonMs", header.BaseTimestamp);
        json.WriteStartArray("records");
        using var reader = new RecordBatchReader(batch, 10 << 20);
        while (reader.MoveNext()) Write(json, reader.Current, header.IsControl);
        Assert.Equal(RecordFault.None, reader.Fault);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, in RecordView record, bool isControl)
    {
        json.WriteStartObject();
        json.WriteNumber("offset", record.Offset);
        json.WriteNumber("timestamp", record.Timestamp);
        json.WriteNumber("sequence", record.Sequence);
        WriteBytes(json, "key", record.Key);
        WriteBytes(json, "value", record.Value);
        if (record.HeaderCount > 0)
        {
            json.WriteStartArray("headers");
            foreach (var header in record.Headers)
            {
                json.WriteStartObject();
                json.WriteString("key", Encoding.UTF8.GetString(header.Key));
                WriteBytes(json, "value", header.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (isControl)
        {
            Assert.True(ControlRecords.TryReadType(record.Key, out var type));
            Assert.True(ControlRecords.TryReadValue(type, record.Value, out var message, out var version));
            json.WriteString("controlType", NameOf(type));
            json.WritePropertyName("controlValue");
            message!.WriteJson(json, version);
        }
        json.WriteEndObject();
    }

    private static void WriteLegacy(Utf8JsonWriter json, byte[] bytes)
    {
        Assert.Equal(RecordFault.None, LegacyMessageSet.TryRead(bytes, 10 << 20, out var batches));
        foreach (var batch in batches)
        {
            Assert.True(batch.IsCrcValid);
            json.WriteStartObject();
            WriteStart(json, batch.BaseOffset, batch.LastOffset, batch.SizeInBytes, batch.Magic, batch.Crc, batch.Attributes, batch.Codec, batch.TimestampType,
                batch.MaxTimestamp);
            json.WriteStartArray("records");
            foreach (var message in batch.Messages)
            {
                json.WriteStartObject();
                json.WriteNumber("offset", message.Offset);
                json.WriteNumber("timestamp", message.Timestamp);
                WriteBytes(json, "key", message.Key);
                WriteBytes(json, "value", message.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void WriteStart(Utf8JsonWriter json, long baseOffset, long lastOffset, int size, sbyte magic, uint crc, short attributes,
        CompressionType codec, TimestampType type, long maxTimestamp)
    {
        json.WriteNumber("baseOffset", baseOffset);
        json.WriteNumber("lastOffset", lastOffset);
        json.WriteNumber("sizeInBytes", size);
        json.WriteNumber("magic", magic);
        json.WriteNumber("crc", crc);
        json.WriteNumber("attributes", attributes);
        json.WriteString("compression", codec.ToString().ToLowerInvariant());
        json.WriteString("timestampType", type == TimestampType.None ? "NoTimestampType" : type.ToString());
        json.WriteNumber("maxTimestamp", maxTimestamp);
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, NullableBytes bytes)
    {
        if (bytes.IsNull) json.WriteNull(name);
        else json.WriteBase64String(name, bytes.Span);
    }

    private static string NameOf(ControlRecordType type) => type switch
    {
        ControlRecordType.Abort => "ABORT",
        ControlRecordType.Commit => "COMMIT",
        ControlRecordType.LeaderChange => "LEADER_CHANGE",
        ControlRecordType.SnapshotHeader => "SNAPSHOT_HEADER",
        ControlRecordType.SnapshotFooter => "SNAPSHOT_FOOTER",
        ControlRecordType.KRaftVersion => "KRAFT_VERSION",
        ControlRecordType.KRaftVoters => "KRAFT_VOTERS",
        _ => "UNKNOWN",
    };
}
