using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>Settings as a log may show them: without their secrets.</summary>
public static class SettingsText
{
    private const string Hidden = "[hidden]";

    /// <summary>Words in the names of settings whose values are secret, those of plug-ins among them.</summary>
    private static readonly string[] SecretWords = ["password", "secret", "jaas", "token", "credential", "keystore.key", "private"];

    /// <summary>The settings of a node that were set to something else than their default, in the order of their names.</summary>
    public static IReadOnlyList<string> Changed(ServerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [.. config.Explicit.Where(static pair => pair.Value != ConfigCatalog.FindBroker(pair.Key)?.Default).OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .Select(static pair => $"{pair.Key}={Shown(pair.Key, pair.Value)}")];
    }

    /// <summary>A value, or that it is hidden.</summary>
    public static string Shown(string name, string value) =>
        ConfigCatalog.FindBroker(name)?.IsSensitive == true || Array.Exists(SecretWords, word => name.Contains(word, StringComparison.OrdinalIgnoreCase)) ? Hidden : value;
}
