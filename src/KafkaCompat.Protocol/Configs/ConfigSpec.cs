namespace KafkaCompat.Protocol.Configs;

/// <summary>Reads <c>protocol-specs/configs.spec</c>, which travels inside the assembly. The file's head explains its notation.</summary>
internal static class ConfigSpec
{
    private const string Resource = "configs.spec";

    public static IEnumerable<ConfigKey> Read()
    {
        using var stream = typeof(ConfigSpec).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is missing from the assembly.");
        using var reader = new StreamReader(stream);
        ConfigScope? scope = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("config ", StringComparison.Ordinal))
            {
                scope = Scope(line["config ".Length..]);
            }
            else if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                yield return Key(scope ?? throw new FormatException($"{Resource}: a setting before its scope: {line}"), line);
            }
        }
    }

    private static ConfigKey Key(ConfigScope scope, string line)
    {
        var columns = line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (required, value, rule) = (true, (string?)null, "");
        bool? mayBeEmpty = null;
        bool? mayBeNull = null;
        var dynamic = scope == ConfigScope.Broker ? ConfigDynamic.ReadOnly : ConfigDynamic.WithResource;
        ConfigSynonym[] synonyms = [];
        foreach (var column in columns.AsSpan(2))
        {
            switch (column)
            {
                case ['=', ' ', .. var text]:
                    required = false;
                    value = text is "null" ? null : text is "\"\"" ? "" : text;
                    break;
                case ['i', 'n', ' ', .. var text]:
                    rule = text;
                    break;
                case ['d', 'y', 'n', 'a', 'm', 'i', 'c', ' ', .. var text]:
                    dynamic = text is "per-broker" ? ConfigDynamic.PerBroker : text is "cluster-wide" ? ConfigDynamic.ClusterWide : dynamic;
                    break;
                case "list-empty" or "list-filled":
                    mayBeEmpty = column is "list-empty";
                    break;
                case "list-null" or "list-present":
                    mayBeNull = column is "list-null";
                    break;
                case ['f', 'r', 'o', 'm', ' ', .. var text]:
                    synonyms = Array.ConvertAll(text.Split(", "), Synonym);
                    break;
            }
        }

        return new ConfigKey
        {
            Scope = scope,
            Name = columns[0],
            Type = Enum.Parse<ConfigType>(columns[1], ignoreCase: true),
            IsRequired = required,
            Default = value,
            Rule = new ConfigRule(rule, mayBeEmpty, mayBeNull),
            Dynamic = dynamic,
            IsSensitive = Array.IndexOf(columns, "sensitive") > 0,
            IsInternal = Array.IndexOf(columns, "internal") > 0,
            IsDescribed = Array.IndexOf(columns, "undescribed") < 0,
            Synonyms = synonyms,
        };
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

    private static ConfigScope Scope(string text) => text switch
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
