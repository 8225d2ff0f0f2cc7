using System.Diagnostics.CodeAnalysis;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>Settings that one listener has for itself: <c>listener.name.</c>, the listener's name in lower case, a dot, the broker setting's name.</summary>
public static class ListenerConfigs
{
    private const string Prefix = "listener.name.";

    /// <summary>The settings that are asked for a listener's own value. Others under the prefix are TLS's and SASL's.</summary>
    private static readonly string[] Served = [ConfigKeys.MaxConnections, ConfigKeys.MaxConnectionCreationRate];

    public static bool IsServed(string setting) => Array.IndexOf(Served, setting) >= 0;

    /// <summary>Whether each listener has the setting, whatever it speaks, and it can be set for all brokers at once.</summary>
    internal static bool IsOfEveryListener(string setting) => IsServed(setting) || setting == ConfigKeys.NumNetworkThreads;

    /// <summary>The name under which a listener's own value of a setting is set.</summary>
    public static string NameOf(string listener, string setting) => $"{Prefix}{listener.ToLowerInvariant()}.{setting}";

    /// <summary>Takes a listener's setting apart; false for any other name.</summary>
    public static bool TrySplit(string name, [NotNullWhen(true)] out string? listener, [NotNullWhen(true)] out string? setting)
    {
        listener = setting = null;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        var dot = name.IndexOf('.', Prefix.Length);
        if (dot < 0) return false;
        (listener, setting) = (name[Prefix.Length..dot], name[(dot + 1)..]);
        return true;
    }

    /// <summary>The broker setting that a listener's, or of a listener one mechanism's, own value stands for; null where there is none.</summary>
    internal static ConfigKey? KeyOf(string name)
    {
        if (!TrySplit(name, out _, out var setting)) return null;
        var dot = setting.IndexOf('.', StringComparison.Ordinal);
        return ConfigCatalog.FindBroker(setting) ?? (dot < 0 ? null : ConfigCatalog.FindBroker(setting[(dot + 1)..]));
    }

    /// <summary>What is wrong with the value of a listener's setting that is asked for; null when nothing is.</summary>
    internal static string? Check(string name, string value) =>
        TrySplit(name, out _, out var setting) && IsServed(setting) && !ConfigCatalog.FindBroker(setting)!.TryParse(value, out _, out var problem)
            ? problem
            : null;
}
