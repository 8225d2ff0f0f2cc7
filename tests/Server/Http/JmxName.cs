namespace KafkaCompat.Server.Tests.Http;

/// <summary>An MBean's name by its properties, with the attribute that holds the value where the name does not say it.</summary>
internal sealed record JmxName(string Domain, IReadOnlyDictionary<string, string> Properties, string Attribute)
{
    public static JmxName Parse(string text)
    {
        var attribute = text.IndexOf(" (", StringComparison.Ordinal);
        var name = attribute < 0 ? text : text[..attribute];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var properties = name[(colon + 1)..].Split(',').Select(static pair => pair.Split('=', 2))
            .ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
        return new JmxName(name[..colon], properties, attribute < 0 ? "" : text[(attribute + 2)..^1]);
    }

    /// <summary>Whether the other one is this one; a star here stands for any rest.</summary>
    public bool Covers(JmxName other) =>
        Domain == other.Domain && Attribute == other.Attribute && Properties.Count == other.Properties.Count
        && Properties.All(pair => other.Properties.TryGetValue(pair.Key, out var value) && IsLike(value, pair.Value));

    private static bool IsLike(string value, string pattern) =>
        pattern[^1] == '*' ? value.StartsWith(pattern[..^1], StringComparison.Ordinal) : value == pattern || (value == "*" && pattern.Length > 0);
}
