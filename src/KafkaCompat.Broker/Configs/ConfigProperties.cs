using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>The text of <c>server.properties</c>: Java's properties, where each setting knows its line. Of one that stands twice the last one counts.</summary>
public static class ConfigProperties
{
    /// <summary>Characters of a line that a message shows.</summary>
    private const int MaxShown = 100;

    /// <summary>Bytes that UTF-8 may begin with, which editors on Windows write and Java would take for a part of the first name.</summary>
    private static ReadOnlySpan<byte> Bom => [0xef, 0xbb, 0xbf];

    /// <summary>The settings of a file in their order.</summary>
    /// <exception cref="ConfigurationException">It is malformed.</exception>
    public static IReadOnlyList<ConfigEntry> Parse(ReadOnlySpan<byte> bytes, string file) =>
        Read(JavaProperties.Decode(bytes.StartsWith(Bom) ? bytes[Bom.Length..] : bytes), file,
            pair => new ConfigEntry(pair.Name, pair.Value, $"{file}:{pair.Line}"));

    /// <summary>The settings of <paramref name="text"/> in their order.</summary>
    /// <exception cref="ConfigurationException">It is malformed.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string text) =>
        Read(text, "line", static pair => KeyValuePair.Create(pair.Name, pair.Value));

    private static List<T> Read<T>(string text, string file, Func<JavaProperty, T> setting)
    {
        try
        {
            return [.. JavaProperties.Read(text).Select(setting)];
        }
        catch (MalformedPropertyException e)
        {
            throw new ConfigurationException(
                $"Malformed \\uxxxx encoding in {(e.Part.Length > MaxShown ? e.Part[..MaxShown] + "…" : e.Part)} ({file}:{e.Line})");
        }
    }
}
