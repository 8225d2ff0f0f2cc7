using System.Text.Json;
using System.Text.Json.Nodes;
using KafkaCompat.Cluster.Metadata;

namespace KafkaCompat.Cluster.Tests.Metadata;

/// <summary>Metadata records as text.</summary>
internal static class MetadataText
{
    /// <summary>Records as lines in a fixed order; Kafka's own order comes out of hash maps.</summary>
    public static List<string> Of(IEnumerable<VersionedRecord> records) => [.. records.Select(record =>
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            record.Message.WriteJson(json, record.Version);
        }

        var node = JsonNode.Parse(stream.ToArray())!;
        if (node["features"] is JsonArray features)
        {
            node["features"] = new JsonArray([.. features.Select(f => f!.DeepClone()).OrderBy(f => (string?)f["name"], StringComparer.Ordinal)]);
        }

        return $"{record.Message.GetType().Name} {record.Version} {node.ToJsonString()}";
    }).Order(StringComparer.Ordinal)];
}
