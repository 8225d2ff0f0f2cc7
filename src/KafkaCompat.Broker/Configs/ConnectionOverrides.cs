using System.Globalization;
using System.Text.RegularExpressions;

namespace KafkaCompat.Broker.Configs;

/// <summary>The value of <c>max.connections.per.ip.overrides</c>: hosts or addresses with a number of connections each, <c>a:1,b:2</c>.</summary>
public static partial class ConnectionOverrides
{
    private const string Setting = "max.connections.per.ip.overrides";

    /// <summary>Takes the value apart; throws <see cref="ConfigurationException"/> where it is no such list.</summary>
    public static IReadOnlyList<(string Host, int Most)> Parse(string text)
    {
        var overrides = new List<(string, int)>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(entry.AsSpan(colon + 1).Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var most))
                throw new ConfigurationException($"Error parsing configuration property '{Setting}': {entry} is not host:connections");
            var host = entry[..colon].Trim();
            if (!HostName().IsMatch(host)) throw new ConfigurationException($"{Setting} contains invalid addresses : {host}");
            overrides.Add((host.Trim('[', ']'), most));
        }
        return overrides;
    }

    [GeneratedRegex(@"^[0-9a-zA-Z\-%._:\[\]]*$")]
    private static partial Regex HostName();
}
