using System.Text.RegularExpressions;

namespace KafkaCompat.Broker.Telemetry;

/// <summary>What a client says of itself, and where it comes from.</summary>
public readonly record struct ClientTraits(string InstanceId, string ClientId, string SoftwareName, string SoftwareVersion, string SourceAddress,
    string SourcePort);

/// <summary>
/// Which clients a subscription of client metrics is for: patterns of regular expressions, all of which have to match the whole of what the client says.
/// None matches every client.
/// </summary>
public sealed class ClientMatch
{
    /// <summary>The name of the setting.</summary>
    public const string Setting = "match";

    /// <summary>How long one pattern may take over one client: patterns are an administrator's, names are anybody's.</summary>
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromMilliseconds(50);

    private readonly List<(Func<ClientTraits, string> Trait, Regex Pattern)> _patterns;

    private ClientMatch(List<(Func<ClientTraits, string> Trait, Regex Pattern)> patterns) => _patterns = patterns;

    /// <summary>
    /// Reads <c>name=pattern</c> pairs; null where one is broken, which <paramref name="broken"/> is then. Of a name that comes twice the last counts.
    /// </summary>
    public static ClientMatch? Parse(IReadOnlyList<string> pairs, out string? broken)
    {
        var patterns = new Dictionary<string, (Func<ClientTraits, string>, Regex)>(StringComparer.Ordinal);
        broken = null;
        foreach (var pair in pairs)
        {
            var parts = pair.Split('=');
            if (parts.Length != 2 || TraitOf(parts[0].Trim()) is not { } trait || Compile(parts[1].Trim()) is not { } pattern)
            {
                broken = pair;
                return null;
            }
            patterns[parts[0].Trim()] = (trait, pattern);
        }
        return new ClientMatch([.. patterns.Values]);
    }

    public bool Matches(ClientTraits client)
    {
        foreach (var (trait, pattern) in _patterns)
        {
            try
            {
                if (!pattern.IsMatch(trait(client))) return false;
            }
            catch (RegexMatchTimeoutException)
            {
                return false;
            }
        }
        return true;
    }

    private static Func<ClientTraits, string>? TraitOf(string name) => name switch
    {
        "client_instance_id" => static c => c.InstanceId,
        "client_id" => static c => c.ClientId,
        "client_software_name" => static c => c.SoftwareName,
        "client_software_version" => static c => c.SoftwareVersion,
        "client_source_address" => static c => c.SourceAddress,
        "client_source_port" => static c => c.SourcePort,
        _ => null,
    };

    private static Regex? Compile(string pattern)
    {
        try
        {
            return new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
