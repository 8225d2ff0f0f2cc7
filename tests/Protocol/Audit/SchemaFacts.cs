using System.Globalization;
using System.Text.Json;
using KafkaCompat.Protocol.Generator.Model;

namespace KafkaCompat.Protocol.Tests.Audit;

/// <summary>What one of Kafka's schemas says, read straight from its JSON.</summary>
internal sealed class SchemaFacts(JsonElement root)
{
    public JsonElement Root { get; } = root;

    public string Name { get; } = root.GetProperty("name").GetString()!;

    public string Kind { get; } = root.GetProperty("type").GetString()!;

    public int Key { get; } = root.TryGetProperty("apiKey", out var key) ? key.GetInt32() : -1;

    public VersionRange Valid { get; } = Versions(root, "validVersions");

    public VersionRange Flexible { get; } = Versions(root, "flexibleVersions");

    /// <summary>Versions as Kafka writes them; null where they are left out.</summary>
    public static VersionRange? VersionsOrNull(JsonElement element, string name) => element.TryGetProperty(name, out _) ? Versions(element, name) : null;

    public static VersionRange Versions(JsonElement element, string name)
    {
        var text = element.TryGetProperty(name, out var value) ? value.GetString()! : "none";
        if (text == "none")
        {
            return VersionRange.None;
        }

        if (text.EndsWith('+'))
        {
            return new VersionRange(Number(text[..^1]), short.MaxValue);
        }

        var ends = text.Split('-');
        return new VersionRange(Number(ends[0]), Number(ends[^1]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
