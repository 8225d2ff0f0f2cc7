namespace KafkaCompat.Protocol.Configs;

/// <summary>
/// Reads <c>protocol-specs/config-effects.spec</c>, which travels inside the assembly: scopes, in them effects with their reason, in them the names of
/// settings. A name may end in an asterisk; the longest that fits counts.
/// </summary>
internal sealed class ConfigEffectSpec
{
    private const string Resource = "config-effects.spec";

    private readonly Dictionary<ConfigScope, List<(string Name, ConfigEffect Effect, string Reason)>> _rules = [];

    private ConfigEffectSpec()
    {
    }

    public static ConfigEffectSpec Read()
    {
        using var stream = typeof(ConfigEffectSpec).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is missing from the assembly.");
        using var reader = new StreamReader(stream);
        var spec = new ConfigEffectSpec();
        List<(string, ConfigEffect, string)>? rules = null;
        var (effect, reason) = (ConfigEffect.InEffect, "");
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("scope ", StringComparison.Ordinal))
            {
                spec._rules[ConfigSpec.Scope(line["scope ".Length..])] = rules = [];
            }
            else if (line.StartsWith("    ", StringComparison.Ordinal))
            {
                foreach (var name in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    (rules ?? throw new FormatException($"{Resource}: a setting before its scope: {line}")).Add((name, effect, reason));
                }
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                (var word, reason) = colon < 0 ? (line.Trim(), "") : (line[..colon].Trim(), line[(colon + 1)..].Trim());
                effect = word switch
                {
                    "in effect" => ConfigEffect.InEffect,
                    "no effect" => ConfigEffect.NoEffect,
                    "refused" => ConfigEffect.Refused,
                    _ => throw new FormatException($"{Resource}: unknown effect: {line}"),
                };
            }
        }

        return spec;
    }

    /// <summary>What is stated for a setting; a setting that nothing is stated for is a mistake.</summary>
    public (ConfigEffect Effect, string Reason) Of(ConfigScope scope, string name)
    {
        var best = -1;
        (ConfigEffect, string) found = default;
        foreach (var (pattern, effect, reason) in _rules.GetValueOrDefault(scope) ?? [])
        {
            var fits = pattern[^1] == '*' ? name.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : name == pattern;
            var weight = pattern[^1] == '*' ? pattern.Length - 1 : int.MaxValue;
            if (fits && weight > best)
            {
                (best, found) = (weight, (effect, reason));
            }
        }

        return best >= 0 ? found : throw new FormatException($"{Resource}: nothing is stated for {name} of {scope}.");
    }
}
