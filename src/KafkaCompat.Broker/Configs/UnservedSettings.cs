using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// Settings whose wish is not fulfilled here. Those that must not be passed over, because whoever set them relies on what they guard, are refused: a node that
/// has them does not start, and nobody can set them while it runs. The others that were set are logged at the start.
/// <c>protocol-specs/config-effects.spec</c> names them, each with the reason.
/// </summary>
public static class UnservedSettings
{
    /// <summary>Adds a problem for each that is refused and set to something other than its default.</summary>
    internal static void Refuse(ServerConfig config, SettingProblems problems)
    {
        foreach (var key in ConfigCatalog.Broker)
        {
            if (problems.IsSound(key.Name) && config.IsSet(key.Name) && Refusal(key, config.GetText(key.Name)) is { } problem)
            {
                problems.Add($"{problem}. Remove the setting to start without it.", key.Name);
            }
        }
    }

    /// <summary>Why a setting cannot have that value here; null where it can.</summary>
    public static string? Refusal(ConfigKey key, string? value) =>
        key.Effect == ConfigEffect.Refused && IsOther(key, value) ? $"{key.Name}={value} is not served: {key.Reason}" : null;

    /// <summary>
    /// What was set to something other than its default and changes nothing here: names, by the reason. Names that only plug-ins read are among them.
    /// </summary>
    public static IEnumerable<IGrouping<string, string>> WithoutEffect(ServerConfig config) => WithoutEffect(config.Explicit);

    /// <summary>The same of settings that may be wrong otherwise.</summary>
    public static IEnumerable<IGrouping<string, string>> WithoutEffect(IReadOnlyDictionary<string, string> set) => set
        .Select(static pair => (Name: pair.Key, Reason: Reason(pair.Key, pair.Value)))
        .Where(static pair => pair.Reason is not null)
        .OrderBy(static pair => pair.Name, StringComparer.Ordinal)
        .GroupBy(static pair => pair.Reason!, static pair => pair.Name);

    /// <summary>Why a setting of that value changes nothing; null where it does, or where it is the default.</summary>
    private static string? Reason(string name, string value) =>
        ConfigCatalog.FindBroker(name) is not { } key ? KnownSettings.WithoutEffect(name)
        : key.Effect == ConfigEffect.NoEffect && IsOther(key, value) && !IsTheRule(name) ? key.Reason : null;

    /// <summary>One that every file has to have, whatever its value: naming it would say nothing.</summary>
    private static bool IsTheRule(string name) => name is ConfigKeys.ControllerQuorumBootstrapServers;

    private static bool IsOther(ConfigKey key, string? value) => value is { Length: > 0 } && key.Render(value) != key.Render(key.Default);
}
