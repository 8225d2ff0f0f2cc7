using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>The value of <c>max.connections.per.ip.overrides</c>: hosts or addresses with a number of connections each, <c>a:1,b:2</c>.</summary>
public static partial class ConnectionOverrides
{
    internal const string Setting = "max.connections.per.ip.overrides";

    /// <summary>Takes the value apart; throws <see cref="ConfigurationException"/> where it is no such list.</summary>
    public static IReadOnlyList<(string Host, int Most)> Parse(string text)
    {
        var overrides = new List<(string, int)>();
        foreach (var entry in Entries(text))
        {
            var colon = entry.LastIndexOf(':');
            if (colon < 0 || JavaText.Int(JavaText.Trim(entry[(colon + 1)..])) is not { } most)
                throw new ConfigurationException($"Error parsing configuration property '{Setting}': '{entry}' is not host:connections");
            var host = JavaText.Trim(entry[..colon]);
            if (!HostName().IsMatch(host)) throw new ConfigurationException($"{Setting} contains invalid addresses : {host}");
            overrides.Add((host, most));
        }
        return overrides;
    }

    /// <summary>Entries between commas as Java splits them: empty ones at the end are none.</summary>
    internal static List<string> Entries(string text)
    {
        var entries = JavaText.List(text);
        while (entries is [.., ""]) entries.RemoveAt(entries.Count - 1);
        return entries;
    }

    [GeneratedRegex(@"^[0-9a-zA-Z\-%._:]*\z")]
    private static partial Regex HostName();
}
