using System.Collections.Frozen;

namespace KafkaCompat.Protocol.Configs;

/// <summary>All settings of Kafka 4.4 as <c>protocol-specs/configs.spec</c> states them.</summary>
public static class ConfigCatalog
{
    private static readonly FrozenDictionary<ConfigScope, IReadOnlyList<ConfigKey>> ByScope = ConfigSpec.Read()
        .GroupBy(static key => key.Scope)
        .ToFrozenDictionary(static group => group.Key, static group => (IReadOnlyList<ConfigKey>)[.. group]);

    private static readonly FrozenDictionary<string, ConfigKey> BrokerByName = ByName(ConfigScope.Broker);
    private static readonly FrozenDictionary<string, ConfigKey> TopicByName = ByName(ConfigScope.Topic);

    /// <summary>The settings of <c>server.properties</c>.</summary>
    public static IReadOnlyList<ConfigKey> Broker => ByScope[ConfigScope.Broker];

    public static IReadOnlyList<ConfigKey> Topic => ByScope[ConfigScope.Topic];

    public static IReadOnlyList<ConfigKey> Group => ByScope[ConfigScope.Group];

    public static IReadOnlyList<ConfigKey> Of(ConfigScope scope) => ByScope[scope];

    /// <summary>The setting of that name in a scope; null where there is none.</summary>
    public static ConfigKey? Find(ConfigScope scope, string name) => ByScope[scope].FirstOrDefault(key => key.Name == name);

    public static ConfigKey? FindBroker(string name) => BrokerByName.GetValueOrDefault(name);

    public static ConfigKey? FindTopic(string name) => TopicByName.GetValueOrDefault(name);

    private static FrozenDictionary<string, ConfigKey> ByName(ConfigScope scope) =>
        ByScope[scope].ToFrozenDictionary(static key => key.Name, StringComparer.Ordinal);
}
