using System.Buffers;
using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Protocol.Tests.Golden;

/// <summary>One golden vector: bytes that Kafka wrote, and what they mean.</summary>
internal sealed record GoldenRow(string Folder, string Schema, short Version, string Case, byte[] Bytes, string Json, string UnknownTags, byte[] Framed)
{
    public override string ToString() => $"{Folder}/{Schema} version {Version} {Case}";

    /// <summary>The rows of a file such as clients/001-FetchRequest.tsv.</summary>
    public static IEnumerable<GoldenRow> Load(string path)
    {
        var folder = Path.GetFileName(Path.GetDirectoryName(path)!);
        var file = Path.GetFileNameWithoutExtension(path);
        var schema = folder == "clients" ? file[(file.IndexOf('-', StringComparison.Ordinal) + 1)..] : file;
        return File.ReadLines(path).Skip(1).Select(line => line.Split('\t')).Select(cells => new GoldenRow(
            folder, schema, short.Parse(cells[0], CultureInfo.InvariantCulture), cells[1], Convert.FromHexString(cells[2]), cells[3], cells[4],
            Convert.FromHexString(cells[6])));
    }

    /// <summary>Everything that is wrong with our reading and writing of this row.</summary>
    public IEnumerable<string> Check(ReadMessage read)
    {
        var reader = new WireReader(Bytes, keepUnknownTags: true);
        var message = read(ref reader, Version);
        var wrong = new List<string>();
        Expect("bytes left over", "0", reader.Remaining.ToString(CultureInfo.InvariantCulture));

        var json = ToJson(message, Version);
        if (!JsonFacts.Same(JsonNode.Parse(Json), JsonNode.Parse(json)))
        {
            wrong.Add($"JSON\n  expected {Json}\n  but was  {json}");
        }

        Expect("unknown tags", Sorted(UnknownTags.Split(' ')), Sorted(UnknownTagsOf(message, "")));
        var written = Write(message, Version);
        Expect("bytes", Convert.ToHexStringLower(Bytes), Convert.ToHexStringLower(written));
        Expect("size", Bytes.Length.ToString(CultureInfo.InvariantCulture), message.GetSize(Version).ToString(CultureInfo.InvariantCulture));
        if (Framed.Length > 0)
        {
            Expect("framed", Convert.ToHexStringLower(Framed), Convert.ToHexStringLower(Frame(message)));
            Expect("read from its frame", json, ReadFrame() is { } framed ? ToJson(framed, Version) : json);
        }

        // The same from memory in pieces, with bytes after the message that belong to someone else.
        var pieces = new WireReader(Pieces.Cut([.. Bytes, 1, 2, 3], 3), keepUnknownTags: true);
        Expect("read in pieces", Convert.ToHexStringLower(Bytes), Convert.ToHexStringLower(Write(read(ref pieces, Version), Version)));
        Expect("bytes left over in pieces", "3", pieces.Remaining.ToString(CultureInfo.InvariantCulture));
        return wrong.Select(w => $"{this}: {w}");

        void Expect(string what, string expected, string actual)
        {
            if (expected != actual)
            {
                wrong.Add($"{what}\n  expected {expected}\n  but was  {actual}");
            }
        }
    }

    public static byte[] Write(IMessage message, short version)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        message.Write(ref writer, version);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static string ToJson(IMessage message, short version)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            message.WriteJson(json, version);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    // The order of the tags within a struct is proven by the bytes; that of the structs is the walk's.
    private static string Sorted(IEnumerable<string> tags) => string.Join(' ', tags.Order(StringComparer.Ordinal));

    private byte[] Frame(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        switch (message)
        {
            case IRequest or IResponse:
                var api = ApiCatalog.Find(Key(message))!;
                var headerVersion = message is IRequest ? api.RequestHeaderVersion(Version) : api.ResponseHeaderVersion(Version);
                IMessage header = message is IRequest
                    ? new RequestHeader { RequestApiKey = (short)api.Key, RequestApiVersion = Version, CorrelationId = 0x01020304, ClientId = "golden" }
                    : new ResponseHeader { CorrelationId = 0x01020304 };
                writer.WriteInt32(header.GetSize(headerVersion) + message.GetSize(Version));
                header.Write(ref writer, headerVersion);
                message.Write(ref writer, Version);
                break;
            case IRecord record when Folder is "metadata" or "storage":
                RecordSchemas.WriteFramed(ref writer, record, Version);
                break;
            case IRecord record when Schema.EndsWith("Key", StringComparison.Ordinal):
                RecordSchemas.WriteKey(ref writer, record);
                break;
            default:
                RecordSchemas.WriteVersioned(ref writer, message, Version);
                break;
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The message out of its frame by its number alone; null where nothing in the frame says what it is.</summary>
    private IMessage? ReadFrame()
    {
        var reader = new WireReader(Framed, keepUnknownTags: true);
        switch (Folder)
        {
            case "metadata":
                return RecordSchemas.ReadFramed(RecordFamily.Metadata, ref reader, out _, out _);
            case "storage" when Schema != "ProducerSnapshot":
                return RecordSchemas.ReadFramed(RecordFamily.Storage, ref reader, out _, out _);
            case "group" or "transaction" or "share":
                var family = Folder == "group" ? RecordFamily.Group : Folder == "share" ? RecordFamily.Share : RecordFamily.Transaction;
                return Schema.EndsWith("Key", StringComparison.Ordinal)
                    ? RecordSchemas.ReadKey(family, ref reader, out _)
                    : RecordSchemas.ReadValue(family, RecordType, ref reader, out _);
            case "clients" when Schema.EndsWith("Request", StringComparison.Ordinal):
                reader.Skip(4);
                var key = BinaryPrimitives.ReadInt16BigEndian(Framed.AsSpan(4));
                var header = RequestHeader.Read(ref reader, ApiCatalog.Find(key)!.RequestHeaderVersion(Version));
                return ApiCatalog.ReadRequest((ApiKey)header.RequestApiKey, ref reader, header.RequestApiVersion);
            default:
                return null;
        }
    }

    private short RecordType => (short)MessageTypes.Find(Folder, Schema)!.GetField("RecordType")!.GetRawConstantValue()!;

    private static short Key(IMessage message) => (short)(ApiKey)message.GetType().GetProperty("ApiKey")!.GetValue(null)!;

    private static IEnumerable<string> UnknownTagsOf(object value, string path)
    {
        foreach (var property in value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0 && !p.GetMethod!.IsStatic))
        {
            var held = property.GetValue(value);
            if (property.Name == "UnknownTags")
            {
                foreach (var tag in (List<UnknownTag>?)held ?? [])
                {
                    yield return $"{path}#{tag.Tag}={Convert.ToHexStringLower(tag.Data)}";
                }

                continue;
            }

            var name = char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
            var inner = path.Length == 0 ? name : $"{path}.{name}";
            if (IsStruct(held))
            {
                foreach (var found in UnknownTagsOf(held!, inner))
                {
                    yield return found;
                }
            }
            else if (held is IList list)
            {
                for (var i = 0; i < list.Count && IsStruct(list[i]); i++)
                {
                    foreach (var found in UnknownTagsOf(list[i]!, $"{inner}[{i}]"))
                    {
                        yield return found;
                    }
                }
            }
        }
    }

    private static bool IsStruct(object? value) => value?.GetType() is { IsNested: true, IsClass: true } type && type.Assembly == typeof(IMessage).Assembly;
}
