using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KafkaCompat.Protocol.Tests.Golden;

/// <summary>Compares JSON by what it says: a float64 may be spelled in more than one way (4.9E-324 is 5E-324).</summary>
internal static class JsonFacts
{
    public static bool Same(JsonNode? expected, JsonNode? actual) => (expected, actual) switch
    {
        (null, null) => true,
        (JsonObject e, JsonObject a) => e.Count == a.Count && e.All(p => a.TryGetPropertyValue(p.Key, out var value) && Same(p.Value, value)),
        (JsonArray e, JsonArray a) => e.Count == a.Count && e.Zip(a).All(p => Same(p.First, p.Second)),
        (JsonValue e, JsonValue a) when e.GetValueKind() == JsonValueKind.Number && IsFloat(e.ToJsonString()) =>
            a.GetValueKind() == JsonValueKind.Number && Number(e).Equals(Number(a)),
        (JsonValue e, JsonValue a) => JsonNode.DeepEquals(e, a),
        _ => false,
    };

    private static bool IsFloat(string text) => text.AsSpan().IndexOfAny('.', 'E', 'e') >= 0;

    private static double Number(JsonValue value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
}
