using System.Globalization;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Server.Decode;

/// <summary>
/// The files of a data directory that are text, as they look: checkpoints, properties, partition.metadata, and the objects of quorum-state and
/// .kafka_cleanshutdown.
/// </summary>
internal static class TextContent
{
    /// <summary>What meta.properties says; server.properties has settings of Kafka's.</summary>
    private static readonly string[] MetaKeys = ["cluster.id", "node.id", "broker.id", "directory.id"];

    /// <summary>A word that no other object has, of each file that is one.</summary>
    private static readonly string[] ObjectKeys = ["\"brokerEpoch\"", "\"leaderEpoch\""];

    /// <summary>Whether a text, or its beginning, is one of them. Only what is meant for Kafka counts: every text can be read as properties.</summary>
    public static bool IsOfKafka(string text)
    {
        var lines = Lines(text);
        if (lines.Count == 0) return false;
        return (IsNumber(lines[0]) && (lines.Count == 1 || IsNumber(lines[1])))
            || (lines[0].StartsWith('{') && ObjectKeys.Any(key => text.Contains(key, StringComparison.Ordinal)))
            || (lines[0].StartsWith("version:", StringComparison.Ordinal)
            && lines.Exists(static line => line.StartsWith("topic_id:", StringComparison.Ordinal)))
            || HasPropertyOfKafka(text);
    }

    /// <summary>What a checkpoint says of itself that is not so; null where all is well, and of every other text.</summary>
    public static string? Flaw(string text)
    {
        var lines = Lines(text);
        if (lines.Count < 2 || !IsNumber(lines[0]) || !int.TryParse(lines[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
            || count == lines.Count - 2)
        {
            return null;
        }

        return string.Create(CultureInfo.InvariantCulture, $"Entries by the second line: {count}. Entries that there are: {lines.Count - 2}.");
    }

    private static bool HasPropertyOfKafka(string text)
    {
        try
        {
            var names = JavaProperties.Read(text).Select(static pair => pair.Name).ToHashSet(StringComparer.Ordinal);
            return MetaKeys.Any(names.Contains) || ConfigCatalog.Broker.Any(key => names.Contains(key.Name));
        }
        catch (MalformedPropertyException)
        {
            return false;
        }
    }

    private static bool IsNumber(string line) => int.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static List<string> Lines(string text)
    {
        using var reader = new StringReader(text);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line) lines.Add(line);
        return lines;
    }
}
