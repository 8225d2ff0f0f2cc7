using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>Settings as a log may show them: without their secrets.</summary>
public static class SettingsText
{
    private const string Hidden = "[hidden]";

    /// <summary>The settings of a node that were set to something else than their default, in the order of their names.</summary>
    public static IReadOnlyList<string> Changed(ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. config.Explicit.Where(static pair => pair.Value != ConfigCatalog.FindBroker(pair.Key)?.Default)
            .OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .Select(static pair => $"{pair.Key}={Shown(pair.Key, pair.Value)}")];
    }

    /// <summary>A value, or that it is hidden.</summary>
    public static string Shown(string name, string value) => MayShow(name) ? value : Hidden;

    /// <summary>
    /// Whether the value of a setting is no secret. An unknown one, such as a plug-in's, may hold a secret, so it is treated as one.
    /// </summary>
    public static bool MayShow(string name) => OwnSettings.Find(name) is not null
        || (ConfigCatalog.FindTopic(name) ?? ConfigCatalog.FindBroker(name) ?? ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name)
        ?? ConfigCatalog.Find(ConfigScope.Group, name)
            ?? ConfigCatalog.Find(ConfigScope.ClientMetrics, name) ?? ListenerConfigs.KeyOf(name)) is { IsSensitive: false, Type: not ConfigType.Password };
}
