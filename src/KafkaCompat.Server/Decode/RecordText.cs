using System.Buffers.Binary;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;
using KafkaCompat.Protocol.Records;

namespace KafkaCompat.Server.Decode;

/// <summary>The key and value of one record as text, by what its log holds.</summary>
internal sealed class RecordText(RecordContent content, bool full)
{
    /// <summary>A record of a control batch: the end of a transaction, or an event of the quorum.</summary>
    public string Control(in RecordView record)
    {
        if (record.Key.Length < 4)
        {
            return $"control record with key {PayloadText.Of(record.Key, full)}";
        }

        var type = BinaryPrimitives.ReadInt16BigEndian(record.Key.Span[2..]);
        var value = record.Value.ToArray() ?? [];
        return Guarded(value, reader =>
        {
            switch (type)
            {
                case 0 or 1:
                    var version = reader.ReadInt16();
                    return $"{(type == 0 ? "ABORT" : "COMMIT")} {MessageText.Of(EndTxnMarker.Read(ref reader, version), version, indented: false)}";
                case 2:
                    return "LEADER_CHANGE " + MessageText.Of(LeaderChangeMessage.Read(ref reader, 0), 0, indented: false);
                case 3:
                    return "SNAPSHOT_HEADER " + MessageText.Of(SnapshotHeaderRecord.Read(ref reader, 0), 0, indented: false);
                case 4:
                    return "SNAPSHOT_FOOTER " + MessageText.Of(SnapshotFooterRecord.Read(ref reader, 0), 0, indented: false);
                case 5:
                    return "KRAFT_VERSION " + MessageText.Of(KRaftVersionRecord.Read(ref reader, 0), 0, indented: false);
                case 6:
                    return "KRAFT_VOTERS " + MessageText.Of(VotersRecord.Read(ref reader, 0), 0, indented: false);
                default:
                    return $"control record of type {type}: {PayloadText.Of(value, full)}";
            }
        });
    }

    public string Data(in RecordView record) => content switch
    {
        RecordContent.Metadata when !record.Value.IsNull => Framed(record.Value.ToArray()!),
        RecordContent.Groups => Keyed(RecordFamily.Group, record),
        RecordContent.Transactions => Keyed(RecordFamily.Transaction, record),
        RecordContent.Share => Keyed(RecordFamily.Share, record),
        _ => $"key {PayloadText.Of(record.Key, full)} value {PayloadText.Of(record.Value, full)}{Headers(record)}",
    };

    private delegate string Reading(WireReader reader);

    private static string Headers(in RecordView record)
    {
        if (record.HeaderCount == 0)
        {
            return "";
        }

        var headers = new List<string>();
        foreach (var header in record.Headers)
        {
            headers.Add($"{PayloadText.Of(header.Key, full: true)}: {PayloadText.Of(header.Value, full: false)}");
        }

        return $" headers {{{string.Join(", ", headers)}}}";
    }

    private string Framed(byte[] value) => Guarded(value, reader =>
    {
        var record = RecordSchemas.ReadFramed(RecordFamily.Metadata, ref reader, out var type, out var version);
        return record is null
            ? $"record of unknown type {type} version {version}: {PayloadText.Of(value, full)}"
            : $"{Name(record)} v{version} {MessageText.Of(record, version, indented: false)}";
    });

    private string Keyed(RecordFamily family, in RecordView record)
    {
        var key = record.Key.ToArray() ?? [];
        var value = record.Value.ToArray();
        short type = -1;
        var keyText = Guarded(key, reader =>
        {
            var read = RecordSchemas.ReadKey(family, ref reader, out type);
            return read is null ? $"key of unknown type {type}: {PayloadText.Of(key, full)}" : $"{Name(read)} {MessageText.Of(read, 0, indented: false)}";
        });
        return value is null ? $"{keyText} null" : keyText + " " + Guarded(value, reader =>
        {
            var read = RecordSchemas.ReadValue(family, type, ref reader, out var version);
            return read is null ? PayloadText.Of(value, full) : $"v{version} {MessageText.Of(read, version, indented: false)}";
        });
    }

    private static string Name(IRecord record) => record.GetType().Name;

    /// <summary>Bytes that cannot be read as what they should be are printed as they are, with the reason.</summary>
    private string Guarded(byte[] bytes, Reading read)
    {
        try
        {
            return read(new WireReader(bytes.AsMemory(), keepUnknownTags: true));
        }
        catch (WireFormatException e)
        {
            return $"unreadable ({e.Message}): {PayloadText.Of(bytes, full)}";
        }
    }
}
