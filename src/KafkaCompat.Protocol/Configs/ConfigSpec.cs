namespace KafkaCompat.Protocol.Configs;

/// <summary>
/// Reads <c>protocol-specs/configs.spec</c>, which travels inside the assembly. A setting is a line: name, type and default, then its facts between bars.
/// </summary>
internal static class ConfigSpec
{
    private const string Resource = "configs.spec";

    public static IEnumerable<ConfigKey> Read()
    {
        using var stream = typeof(ConfigSpec).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is missing from the assembly.");
        using var reader = new StreamReader(stream);
        var effects = ConfigEffectSpec.Read();
        ConfigScope? scope = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("scope ", StringComparison.Ordinal))
            {
                scope = Scope(line["scope ".Length..]);
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                yield return Key(scope ?? throw new FormatException($"{Resource}: a setting before its scope: {line}"), line, effects);
            }
        }
    }

    private static ConfigKey Key(ConfigScope scope, string line, ConfigEffectSpec effects)
    {
        var columns = line.Split(" | ", StringSplitOptions.TrimEntries);
        var (name, type, value) = Head(columns[0]);
        var rule = "";
        bool? mayBeEmpty = null;
        bool? mayBeNull = null;
        var dynamic = ConfigDynamic.WithResource;
        ConfigSynonym[] synonyms = [];
        foreach (var column in columns.AsSpan(1))
        {
            var (word, rest) = Cut(column, " ");
            switch (word)
            {
                case "validator":
                    // Its class in Kafka, then the rule in Kafka's words, which say as much.
                    rule = Cut(rest, " ").After;
                    break;
                case "dynamic" when scope == ConfigScope.Broker:
                    dynamic = rest is "per-broker" ? ConfigDynamic.PerBroker : rest is "cluster-wide" ? ConfigDynamic.ClusterWide : ConfigDynamic.ReadOnly;
                    break;
                case "list":
                    (mayBeEmpty, mayBeNull) = (rest.StartsWith("empty", StringComparison.Ordinal), rest.EndsWith("nullable", StringComparison.Ordinal));
                    break;
                case "synonyms":
                    synonyms = Array.ConvertAll(rest.Split(','), Synonym);
                    break;
            }
        }

        var (effect, reason) = effects.Of(scope, name);
        return new ConfigKey
        {
            Effect = effect,
            Reason = reason,
            Scope = scope,
            Name = name,
            Type = Enum.Parse<ConfigType>(type, ignoreCase: true),
            IsRequired = value.Length == 0,
            Default = value is "null" or "" ? null : value is "\"\"" ? "" : value,
            Rule = new ConfigRule(rule, mayBeEmpty, mayBeNull),
            Dynamic = dynamic,
            IsSensitive = Array.IndexOf(columns, "sensitive") > 0,
            IsInternal = Array.IndexOf(columns, "internal") > 0,
            IsDescribed = Array.IndexOf(columns, "undescribed") < 0,
            Synonyms = synonyms,
        };
    }

    /// <summary><c>name: type</c>, or <c>name: type = default</c>.</summary>
    private static (string Name, string Type, string Default) Head(string text)
    {
        var (name, typed) = Cut(text, ": ");
        var (type, value) = Cut(typed, " = ");
        return (name, type, value);
    }

    private static (string Word, string After) Cut(string text, string separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + separator.Length)..]);
    }

    private static ConfigSynonym Synonym(string text)
    {
        var unit = text.IndexOf(" (", StringComparison.Ordinal);
        return unit < 0 ? new ConfigSynonym(text, 1) : new ConfigSynonym(text[..unit], text[(unit + 2)..^1] switch
        {
            "minutes to ms" => 60_000,
            "hours to ms" => 3_600_000,
            var other => throw new FormatException($"{Resource}: unknown change of unit: {other}"),
        });
    }

    internal static ConfigScope Scope(string text) => text switch
    {
        "broker" => ConfigScope.Broker,
        "broker-dynamic-only" => ConfigScope.BrokerDynamicOnly,
        "topic" => ConfigScope.Topic,
        "group" => ConfigScope.Group,
        "client-metrics" => ConfigScope.ClientMetrics,
        "user" => ConfigScope.User,
        "user,client-id quota" => ConfigScope.UserClientQuota,
        "ip quota" => ConfigScope.IpQuota,
        "remote-log-metadata-manager" => ConfigScope.RemoteLogMetadataManager,
        _ => throw new FormatException($"{Resource}: unknown scope: {text}"),
    };
}
