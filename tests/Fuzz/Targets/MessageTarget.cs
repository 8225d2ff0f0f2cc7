using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using KafkaCompat.Cluster.Groups;
using KafkaCompat.Fuzz.Engine;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Fuzz.Targets;

/// <summary>
/// Every version of every request, response, header and record, and what stands before each on its way: frames, and the types and versions of records.
/// Bytes are refused with the typed failure, or mean one message that writes back to bytes of the size it said, which mean the same.
/// </summary>
internal sealed class MessageTarget : FuzzTarget
{
    private delegate IMessage? ReadMessage(ref WireReader reader, short version);

    private sealed record Slot(string Name, short Version, ReadMessage Read, bool CanWrite);

    private readonly List<Slot> _slots = [];
    private readonly Dictionary<(string Type, short Version), int> _byType = [];
    private readonly List<Type> _types;

    public MessageTarget()
    {
        _types = [.. typeof(RequestHeader).Assembly.GetTypes()
            .Where(static t => t is { IsNested: false, IsAbstract: false } && t.IsAssignableTo(typeof(IMessage)) && Bound(t, "MaxVersion") >= 0)
            .OrderBy(static t => t.FullName, StringComparer.Ordinal)];
        foreach (var type in _types)
        {
            var read = type.GetMethod("Read", BindingFlags.Public | BindingFlags.Static,
                [typeof(WireReader).MakeByRefType(), typeof(short)])!.CreateDelegate<ReadMessage>();
            for (var version = Bound(type, "MinVersion"); version <= Bound(type, "MaxVersion"); version++)
            {
                _byType[(type.Name, version)] = _slots.Count;
                _slots.Add(new Slot($"{type.Name} {version}", version, read, CanWrite: true));
            }
        }

        _slots.Add(new Slot("request frame", 0, ReadFrame, CanWrite: false));
        foreach (var family in Enum.GetValues<RecordFamily>())
        {
            _slots.Add(
                new Slot($"framed {family}", 0, (ref WireReader reader, short _) => RecordSchemas.ReadFramed(family, ref reader, out var _, out var _),
                CanWrite: false));
            _slots.Add(new Slot($"key {family}", 0, (ref WireReader reader, short _) => RecordSchemas.ReadKey(family, ref reader, out _), CanWrite: false));
        }

        _slots.Add(new Slot("group record", 0, ReadGroupRecord, CanWrite: false));
        Slots = [.. _slots.Select(static slot => slot.Name)];
    }

    public override string Name => "messages";

    public override IReadOnlyList<string> Slots { get; }

    public override IEnumerable<FuzzInput> Seeds()
    {
        foreach (var type in _types)
        {
            for (var version = Bound(type, "MinVersion"); version <= Bound(type, "MaxVersion"); version++)
            {
                if (TryWrite((IMessage)Activator.CreateInstance(type)!, version) is not { } bytes)
                {
                    continue;
                }

                yield return new FuzzInput(_byType[(type.Name, version)], bytes);
                if (ApiOf(type) is { } api)
                {
                    yield return new FuzzInput(SlotOf("request frame"), Frame(api, version, bytes));
                }
            }
        }

        foreach (var row in GoldenRows.All())
        {
            if (_byType.TryGetValue((row.Schema, row.Version), out var slot))
            {
                yield return new FuzzInput(slot, row.Bytes);
            }

            if (row.Framed.Length == 0)
            {
                continue;
            }

            var framed = row switch
            {
                { Folder: "metadata" } => $"framed {RecordFamily.Metadata}",
                { Folder: "storage" } => $"framed {RecordFamily.Storage}",
                { Folder: "clients" } when row.Schema.EndsWith("Request", StringComparison.Ordinal) => "request frame",
                { Folder: "group" } when row.Schema.EndsWith("Key", StringComparison.Ordinal) => $"key {RecordFamily.Group}",
                { Folder: "transaction" } when row.Schema.EndsWith("Key", StringComparison.Ordinal) => $"key {RecordFamily.Transaction}",
                { Folder: "share" } when row.Schema.EndsWith("Key", StringComparison.Ordinal) => $"key {RecordFamily.Share}",
                _ => null,
            };
            if (framed is not null)
            {
                yield return new FuzzInput(SlotOf(framed), framed == "request frame" ? row.Framed[sizeof(int)..] : row.Framed);
            }

            if (row.Folder == "group")
            {
                var isKey = row.Schema.EndsWith("Key", StringComparison.Ordinal);
                yield return new FuzzInput(SlotOf("group record"), isKey ? [(byte)row.Framed.Length, .. row.Framed] : [2, 0, 2, .. row.Framed]);
            }
        }
    }

    public override void Run(FuzzInput input)
    {
        var slot = _slots[input.Slot];
        // As the broker reads: unknown tags are passed over.
        var meter = AllocationMeter.Start();
        var isRead = TryRead(slot, new ReadOnlySequence<byte>(input.Bytes), keepUnknownTags: false, out _, out _);
        meter.Check(input.Bytes.Length, "reading");
        meter = AllocationMeter.Start();
        var isReadWithTags = TryRead(slot, new ReadOnlySequence<byte>(input.Bytes), keepUnknownTags: true, out var message, out var consumed);
        meter.Check(input.Bytes.Length, "reading with unknown tags");
        OracleException.Require(isRead || !isReadWithTags, "kept tags make a message of what else is none");
        if (message is null || !slot.CanWrite)
        {
            return;
        }

        var once = Write(message, slot.Version);
        OracleException.Require(once.Length == message.GetSize(slot.Version),
            $"{once.Length} bytes were written and {message.GetSize(slot.Version)} announced");
        // What stood behind the message paid for a part of what reading it may cost: it stands there again.
        byte[] padded = [.. once, .. new byte[Math.Max(0, input.Bytes.Length - once.Length)]];
        OracleException.Require(TryRead(slot, new ReadOnlySequence<byte>(padded), keepUnknownTags: true, out var again, out var all)
            && again is not null, "what was written cannot be read");
        OracleException.Require(all == once.Length, "what was written is not read to its end");
        OracleException.Require(Write(again!, slot.Version).AsSpan().SequenceEqual(once), "read and written again it has other bytes");
        OracleException.Require(Json(message, slot.Version) == Json(again!, slot.Version), "read again it means something else");
        OracleException.Require(
            TryRead(slot, Pieces.Cut(input.Bytes, 1 + (input.Bytes.Length % 7)), keepUnknownTags: true, out var fromPieces, out var inPieces),
            "in pieces it cannot be read");
        OracleException.Require(inPieces == consumed && Write(fromPieces!, slot.Version).AsSpan().SequenceEqual(once), "in pieces it means something else");
    }

    private static bool TryRead(Slot slot, ReadOnlySequence<byte> bytes, bool keepUnknownTags, out IMessage? message, out long consumed)
    {
        message = null;
        var reader = new WireReader(bytes, keepUnknownTags);
        try
        {
            message = slot.Read(ref reader, slot.Version);
        }
        catch (WireFormatException)
        {
            consumed = 0;
            return false;
        }

        consumed = reader.Consumed;
        return true;
    }

    /// <summary>As a connection reads a frame: key and version decide how the header is read, then the body.</summary>
    private static IMessage? ReadFrame(ref WireReader reader, short version)
    {
        var head = reader;
        var key = head.ReadInt16();
        var apiVersion = head.ReadInt16();
        if (ApiCatalog.Find(key) is not { } api)
        {
            throw new WireFormatException(WireFormatReason.UnsupportedVersion, "no such API");
        }

        _ = RequestHeader.Read(ref reader, api.RequestHeaderVersion(apiVersion));
        return ApiCatalog.ReadRequest((ApiKey)key, ref reader, apiVersion) as IMessage;
    }

    /// <summary>A key behind its length in a byte, and a value.</summary>
    private static IMessage? ReadGroupRecord(ref WireReader reader, short version)
    {
        var key = reader.ReadRaw((int)Math.Min(reader.ReadByte(), reader.Remaining));
        var value = reader.Remaining == 0 ? null : reader.ReadRaw((int)reader.Remaining);
        return GroupRecordCodec.TryRead(key, value, out var record) ? record.Key : null;
    }

    private static byte[] Frame(ApiInfo api, short version, byte[] body)
    {
        var header = new RequestHeader { RequestApiKey = (short)api.Key, RequestApiVersion = version, CorrelationId = 1, ClientId = "fuzz" };
        return [.. Write(header, api.RequestHeaderVersion(version)), .. body];
    }

    private static ApiInfo? ApiOf(Type type) =>
        type.IsAssignableTo(typeof(IRequest)) ? ApiCatalog.Get((ApiKey)type.GetProperty("ApiKey")!.GetValue(null)!) : null;

    private static short Bound(Type type, string constant) => type.GetField(constant)?.GetRawConstantValue() is short version ? version : (short)-1;

    private int SlotOf(string name) => _slots.FindIndex(slot => slot.Name == name);

    private static byte[]? TryWrite(IMessage message, short version)
    {
        try
        {
            return Write(message, version);
        }
        catch (Exception e) when (e is UnsupportedVersionException or NullReferenceException or ArgumentNullException)
        {
            // A message of defaults that some version cannot carry is no seed.
            return null;
        }
    }

    private static byte[] Write(IMessage message, short version)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new WireWriter(buffer);
        message.Write(ref writer, version);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string Json(IMessage message, short version)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            message.WriteJson(json, version);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }
}
