using System.Globalization;
using System.Text.Json;
using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Tests.Audit;

/// <summary>Compares one schema of Kafka with one spec of ours, and notes each difference.</summary>
internal sealed class MessageComparison(SchemaFacts schema, Message message, List<string> faults)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Compares; returns how many fields there are.</summary>
    public int Run()
    {
        var kind = message.Kind switch
        {
            MessageKind.Request => "request",
            MessageKind.Response => "response",
            MessageKind.Header => "header",
            MessageKind.Record => "metadata",
            MessageKind.Key => "coordinator-key",
            MessageKind.Value => "coordinator-value",
            _ => "data",
        };
        Expect("kind", schema.Kind, kind);
        Expect("key", schema.Key, message.Key);
        Expect("versions", schema.Valid, message.Valid);
        Expect("flexible versions", schema.Flexible.Within(schema.Valid), message.Flexible);
        var fields = Compare(schema.Root.GetProperty("fields"), message.Body, message.Name);
        foreach (var shared in schema.Root.TryGetProperty("commonStructs", out var common) ? common.EnumerateArray() : [])
        {
            var name = shared.GetProperty("name").GetString()!;
            var ours = message.Structs.SingleOrDefault(s => s.Name == name && s.IsShared);
            if (ours is null)
            {
                faults.Add($"{message.Name}: the shared struct {name} is missing");
                continue;
            }

            _ = _seen.Add(name);
            fields += Compare(shared.GetProperty("fields"), ours, $"{message.Name}.{name}");
        }

        faults.AddRange(message.Structs.Where(s => !_seen.Contains(s.Name)).Select(s => $"{message.Name}: the struct {s.Name} is not Kafka's"));
        return fields;
    }

    private int Compare(JsonElement fields, Struct ours, string path)
    {
        var theirs = fields.EnumerateArray().ToList();
        Expect($"{path}: the fields", string.Join(' ', theirs.Select(FieldName)), string.Join(' ', ours.Fields.Select(f => f.Name)));
        var count = theirs.Count;
        foreach (var (field, spec) in theirs.Zip(ours.Fields))
        {
            count += Compare(field, spec, $"{path}.{spec.Name}");
        }

        return count;
    }

    private int Compare(JsonElement field, Field spec, string path)
    {
        var type = field.GetProperty("type").GetString()!;
        var array = type.StartsWith("[]", StringComparison.Ordinal);
        var element = array ? type[2..] : type;
        var versions = (SchemaFacts.VersionsOrNull(field, "versions") ?? SchemaFacts.Versions(field, "taggedVersions")).Within(schema.Valid);
        Expect($"{path}: array", array, spec.IsArray);
        Expect($"{path}: type", WireTypes.TryParse(element, out var wire) ? wire : WireType.Struct, spec.Type);
        Expect($"{path}: versions", versions, spec.Versions);
        Expect($"{path}: null in", SchemaFacts.Versions(field, "nullableVersions").Within(versions), spec.Nullable);
        Expect($"{path}: tag", field.TryGetProperty("tag", out var tag) ? tag.GetInt32() : -1, spec.Tag ?? -1);
        Expect($"{path}: tagged in", SchemaFacts.Versions(field, "taggedVersions").Within(schema.Valid), spec.Tag is null ? VersionRange.None : spec.Versions);
        Expect($"{path}: default", Default(field, wire, array), OurDefault(spec));
        Expect($"{path}: key", Flag(field, "mapKey"), spec.IsKey);
        Expect($"{path}: ignorable", Flag(field, "ignorable"), spec.Ignorable);
        Expect($"{path}: zero copy", Flag(field, "zeroCopy"), spec.ZeroCopy);
        Expect($"{path}: inflexible", field.TryGetProperty("flexibleVersions", out var own) && own.GetString() == "none", spec.Inflexible);
        if (field.TryGetProperty("entityType", out var entity))
        {
            Expect($"{path}: semantic type", entity.GetString()!, spec.TypeName);
        }

        if (spec.Type != WireType.Struct)
        {
            return 0;
        }

        Expect($"{path}: struct", element, spec.TypeName);
        if (!field.TryGetProperty("fields", out var inner) || spec.Struct is null)
        {
            return 0;
        }

        _ = _seen.Add(spec.TypeName);
        return Compare(inner, spec.Struct, path);
    }

    /// <summary>The default in one spelling: the type's own where the schema has none.</summary>
    private static string Default(JsonElement field, WireType type, bool array)
    {
        var text = field.TryGetProperty("default", out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
        return Normal(text.ToLowerInvariant(), type, array);
    }

    private static string OurDefault(Field spec) => Normal(spec.Default ?? "", spec.Type, spec.IsArray);

    private static string Normal(string text, WireType type, bool array) => text switch
    {
        "null" => "null",
        _ when array || type is WireType.Struct or WireType.String or WireType.Bytes or WireType.Records or WireType.Uuid => text,
        _ when type == WireType.Bool => text == "true" ? "true" : "false",
        "" => "0",
        _ when text.StartsWith("0x", StringComparison.Ordinal) =>
            long.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        _ => text,
    };

    private static bool Flag(JsonElement field, string name) =>
        field.TryGetProperty(name, out var value) && value.ToString().Equals("true", StringComparison.OrdinalIgnoreCase);

    private static string FieldName(JsonElement field)
    {
        var name = field.GetProperty("name").GetString()!;
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private void Expect<T>(string what, T theirs, T ours)
    {
        if (!EqualityComparer<T>.Default.Equals(theirs, ours))
        {
            faults.Add($"{message.Name}: {what}: Kafka {theirs}, spec {ours}");
        }
    }
}
