using System.Text.Json;

namespace KafkaCompat.Protocol.Importer;

/// <summary>One of Kafka's message schemas, as far as the notation needs it.</summary>
internal sealed record KafkaSchema(
    string Name, string Kind, short? Key, Versions Valid, Versions Flexible, IReadOnlyList<KafkaField> Fields, IReadOnlyList<KafkaStruct> Shared)
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static KafkaSchema Load(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path), Options);
        var root = document.RootElement;
        var valid = Versions.Parse(root.GetProperty("validVersions").GetString()!);
        return new KafkaSchema(
            root.GetProperty("name").GetString()!,
            root.GetProperty("type").GetString()!,
            root.TryGetProperty("apiKey", out var key) ? key.GetInt16() : null,
            valid,
            root.TryGetProperty("flexibleVersions", out var flexible) ? Versions.Parse(flexible.GetString()!) : Versions.None,
            root.TryGetProperty("fields", out var fields) ? [.. fields.EnumerateArray().Select(KafkaField.From)] : [],
            root.TryGetProperty("commonStructs", out var shared)
                ? [.. shared.EnumerateArray().Select(s => new KafkaStruct(
                    s.GetProperty("name").GetString()!, [.. s.GetProperty("fields").EnumerateArray().Select(KafkaField.From)]))]
                : []);
    }
}

/// <summary>A struct that several fields of a schema share.</summary>
internal sealed record KafkaStruct(string Name, IReadOnlyList<KafkaField> Fields);

/// <summary>One field of a schema.</summary>
internal sealed record KafkaField(
    string Name, string Type, string? EntityType, Versions Versions, Versions Nullable, string? Default, int? Tag, bool IsKey, bool Ignorable,
    bool ZeroCopy, bool Inflexible, IReadOnlyList<KafkaField> Fields)
{
    public static KafkaField From(JsonElement e)
    {
        string? Text(string name) => e.TryGetProperty(name, out var v) && v.ValueKind != JsonValueKind.Null
            ? (v.ValueKind == JsonValueKind.String ? v.GetString() : v.GetRawText())
            : null;

        var versions = Text("versions");
        var tagged = Text("taggedVersions");
        var name = Text("name")!;
        if (tagged is not null && versions is not null && tagged != versions)
        {
            throw new InvalidDataException($"{name}: tagged in {tagged} but present in {versions}; the notation has no word for that");
        }

        return new KafkaField(
            name,
            Text("type")!,
            Text("entityType"),
            Versions.Parse(versions ?? tagged ?? throw new InvalidDataException($"{name} has no versions")),
            Text("nullableVersions") is { } nullable ? Versions.Parse(nullable) : Versions.None,
            Text("default"),
            Text("tag") is { } tag ? int.Parse(tag, System.Globalization.CultureInfo.InvariantCulture) : null,
            Text("mapKey") == "true",
            Text("ignorable") == "true",
            Text("zeroCopy") == "true",
            Text("flexibleVersions") == "none",
            e.TryGetProperty("fields", out var fields) ? [.. fields.EnumerateArray().Select(From)] : []);
    }
}

/// <summary>A range of versions as Kafka writes it: none, 3, 3-5, 3+.</summary>
internal readonly record struct Versions(int Low, int High)
{
    public static readonly Versions None = new(0, -1);

    public bool IsEmpty => High < Low;

    public static Versions Parse(string text)
    {
        if (text == "none")
        {
            return None;
        }

        if (text.EndsWith('+'))
        {
            return new Versions(Number(text[..^1]), short.MaxValue);
        }

        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? new Versions(Number(text), Number(text)) : new Versions(Number(text[..dash]), Number(text[(dash + 1)..]));
    }

    public Versions Within(Versions outer) => new(Math.Max(Low, outer.Low), Math.Min(High, outer.High));

    /// <summary>As the notation writes it: 3, 3..5, and 3+ where it reaches the end of <paramref name="outer"/>.</summary>
    public string In(Versions outer) =>
        High == outer.High && Low != High ? $"{Low}+" : Low == High && High == outer.High && Low != outer.Low ? $"{Low}+" : ToString();

    public override string ToString() => Low == High ? $"{Low}" : $"{Low}..{High}";

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
