using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Which names may stand in <c>server.properties</c>. Apache Kafka warns about a name that it does not know and starts; we refuse to start, because
/// a misspelt setting is a setting that is not in force. Names that Kafka hands to its plug-ins are no mistakes and pass.
/// </summary>
public static class KnownSettings
{
    /// <summary>Characters of a name that a message shows, and that are compared with known names.</summary>
    private const int MaxShown = 100;

    private const string OfAuthorizer = "they belong to an authorizer, and requests are not authorized yet";
    private const string OfPlugin = "they belong to a plug-in of Java's, which cannot run here";

    /// <summary>
    /// Settings that a plug-in reads itself, and the prefixes that plug-ins read theirs under; each with the reason for which it has no effect here.
    /// </summary>
    private static readonly (string Name, string Reason)[] OfPlugins =
    [
        ("super.users", OfAuthorizer), ("allow.everyone.if.no.acl.found", OfAuthorizer), ("config.providers.", OfPlugin),
        ("rsm.config.", "tiered storage is not served yet"), ("rlmm.config.", "tiered storage is not served yet"), ("client.quota.callback.", OfPlugin),
        ("kafka.metrics.", "measurements leave as .NET metrics, not through Java's reporters"),
        ("metrics.reporter.", "measurements leave as .NET metrics, not through Java's reporters"),
        ("metrics.jmx.", "measurements leave as .NET metrics, not through Java's reporters"),
        ("metrics.context.", "measurements leave as .NET metrics, not through Java's reporters"),
        ("confluent.", "they belong to Confluent's edition of Kafka"), ("strimzi.", "they belong to plug-ins of Strimzi's"),
        ("prometheus.metrics.reporter.", "they belong to plug-ins of Strimzi's"),
        ("log4j.", "KAFKA_LOG_LEVEL says what is logged"), ("cruise.control.metrics.", "they belong to a metrics reporter of Cruise Control's"),
    ];

    /// <summary>Why a name may stand in the settings and has no effect: plug-ins' own, and listeners' own TLS and SASL. Null for any other.</summary>
    internal static string? WithoutEffect(string name)
    {
        if (ConfigCatalog.FindBroker(name) is not null) return null;
        if (ListenerConfigs.TrySplit(name, out _, out var setting))
        {
            return ListenerConfigs.IsServed(setting)
                ? null
                : "of a listener's own settings only max.connections and max.connection.creation.rate have an effect; TLS and SASL are not served yet";
        }

        if (IsDynamicOnly(name)) return "Kafka takes them from the metadata alone, with kafka-configs";
        foreach (var (known, reason) in OfPlugins)
        {
            if (known[^1] == '.' ? name.StartsWith(known, StringComparison.Ordinal) : name == known) return reason;
        }
        return null;
    }

    /// <summary>What is wrong with a name in one line; null where it may stand in the settings.</summary>
    internal static string? Problem(string name)
    {
        if (name.Length == 0) return "A line of the settings has no name before its '='.";
        if (Contains(name)) return null;
        var shown = name.Length > MaxShown ? name[..MaxShown] + "…" : name;
        return RemovedSettings.Hint(name) ?? $"Unknown setting {shown}{(Nearest(name) is { } nearest ? $"; did you mean {nearest}?" : "")}";
    }

    /// <summary>True for a setting of the catalogue, and for what a plug-in may read.</summary>
    public static bool Contains(string name) =>
        ConfigCatalog.FindBroker(name) is not null
        || OwnSettings.Find(name) is not null
        || ListenerConfigs.TrySplit(name, out _, out _)
        || WithoutEffect(name) is not null;

    /// <summary>The known name that is nearest to <paramref name="name"/>, for the message about an unknown one.</summary>
    public static string? Nearest(string name) => name.Length > MaxShown
        ? null
        : EditDistance.Nearest(
            name, ConfigCatalog.Broker.Select(static key => key.Name).Concat(OwnSettings.All.Select(static setting => setting.Name)),
            Math.Max(2, name.Length / 5));

    /// <summary>
    /// A setting that Kafka can change for one broker while it runs, and this program takes from <c>server.properties</c> alone: where it listens.
    /// </summary>
    internal static bool IsFromFileAlone(string name) =>
        name is ConfigKeys.Listeners or ConfigKeys.AdvertisedListeners or ConfigKeys.ListenerSecurityProtocolMap;

    /// <summary>A setting that Kafka takes from the metadata alone: the rates of replication's throttles.</summary>
    internal static bool IsDynamicOnly(string name)
    {
        foreach (var key in ConfigCatalog.Of(ConfigScope.BrokerDynamicOnly))
        {
            if (key.Name == name)
            {
                return true;
            }
        }

        return false;
    }
}
