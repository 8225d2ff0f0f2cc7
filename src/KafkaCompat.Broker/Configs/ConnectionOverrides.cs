using System.Text.RegularExpressions;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>The value of <c>max.connections.per.ip.overrides</c>: hosts or addresses with a number of connections each, <c>a:1,b:2</c>.</summary>
public static partial class ConnectionOverrides
{
    internal const string Setting = ConfigKeys.MaxConnectionsPerIpOverrides;

    /// <summary>Takes the value apart; throws <see cref="ConfigurationException"/> with a problem for each entry that is wrong.</summary>
    public static IReadOnlyList<(string Host, int Most)> Parse(string text)
    {
        var overrides = new List<(string, int)>();
        var problems = new List<SettingProblem>();
        foreach (var entry in Entries(text))
        {
            var colon = entry.LastIndexOf(':');
            var host = JavaText.Trim(entry[..Math.Max(colon, 0)]);
            if (colon < 0 || JavaText.Int(JavaText.Trim(entry[(colon + 1)..])) is not { } most)
                problems.Add(new($"Error parsing configuration property '{Setting}': '{entry}' is not host:connections", [Setting]));
            else if (!HostName().IsMatch(host))
                problems.Add(new($"{Setting} contains invalid addresses : {host}", [Setting]));
            else
                overrides.Add((host, most));
        }
        return problems.Count == 0 ? overrides : throw new ConfigurationException(problems);
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
