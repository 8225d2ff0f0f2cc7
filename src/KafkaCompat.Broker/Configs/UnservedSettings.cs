using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings whose wish is not fulfilled here. Those that must not be passed over, because whoever set them relies on what they guard, are refused: a node that
/// has them does not start, and nobody can set them while it runs. Of the others that were set the log tells at the start.
/// <c>protocol-specs/config-effects.spec</c> names them, each with the reason.
/// </summary>
internal static class UnservedSettings
{
    /// <exception cref="ConfigurationException">One that is refused is set to something other than its default.</exception>
    public static void Refuse(ServerConfig config)
    {
        foreach (var key in ConfigCatalog.Broker)
        {
            if (config.IsSet(key.Name) && Refusal(key, config.GetText(key.Name)) is { } problem)
            {
                throw new ConfigurationException($"{problem}. Remove the setting to start without it.");
            }
        }
    }

    /// <summary>Why a setting cannot have that value here; null where it can.</summary>
    public static string? Refusal(ConfigKey key, string? value) =>
        key.Effect == ConfigEffect.Refused && IsOther(key, value) ? $"{key.Name}={value} is not served: {key.Reason}" : null;

    /// <summary>What was set to something other than its default and changes nothing here, not even what else can be set: names, by the reason.</summary>
    public static IEnumerable<IGrouping<string, string>> WithoutEffect(ServerConfig config) => ConfigCatalog.Broker
        .Where(key => key.Effect == ConfigEffect.NoEffect && !key.Reason.Contains("checked", StringComparison.Ordinal) && config.IsSet(key.Name) && IsOther(key, config.GetText(key.Name)))
        .GroupBy(static key => key.Reason, static key => key.Name);

    private static bool IsOther(ConfigKey key, string? value) => value is { Length: > 0 } && key.Render(value) != key.Render(key.Default);
}
