using System.Collections.Immutable;
using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using ConfigType = KafkaCompat.Protocol.Configs.ConfigType;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// Settings as DescribeConfigs shows them: the value in force, its source, and the values that would hold without it, in
/// the order in which they are asked. A broker's value comes from its own dynamic settings, those of all brokers, its
/// configuration, or the default; a topic's from the topic first, and then from the broker's setting of the same meaning.
/// </summary>
internal sealed class ConfigDescription(ServerConfig server, BrokerMetadata metadata, LoggerLevels loggers, bool withSynonyms, bool withDocumentation)
{
    private readonly MetadataImage _image = metadata.Current;

    private enum Source : sbyte
    {
        DynamicTopic = 1,
        DynamicBroker = 2,
        DynamicDefaultBroker = 3,
        StaticBroker = 4,
        Default = 5,
        DynamicLogger = 6,
        ClientMetrics = 7,
        DynamicGroup = 8,
    }

    /// <summary>Broker settings that mean the same in other units: the first that is set wins.</summary>
    private static readonly string[][] Families =
    [
        [ConfigKeys.LogRetentionMs, ConfigKeys.LogRetentionMinutes, ConfigKeys.LogRetentionHours],
        [ConfigKeys.LogRollMs, ConfigKeys.LogRollHours],
        [ConfigKeys.LogRollJitterMs, ConfigKeys.LogRollJitterHours],
        [ConfigKeys.LogFlushIntervalMs, ConfigKeys.LogFlushSchedulerIntervalMs],
    ];

    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfTopic(string topic)
    {
        var own = _image.ConfigsOf(new ConfigResource(ConfigResourceType.Topic, topic));
        var effective = TopicConfig.Create(server, own);
        foreach (var key in ConfigCatalog.Topic)
        {
            if (!key.IsDescribed && !own.ContainsKey(key.Name)) continue;
            var chain = new List<(string Name, string? Value, Source Source)>();
            if (own.TryGetValue(key.Name, out var set)) chain.Add((key.Name, set, Source.DynamicTopic));
            if (key.Synonyms.Count > 0) AddBrokerChain(chain, key.Synonyms[0].Name);
            // As in Kafka: a value that a broker's setting in another unit gives is shown as the default.
            var source = chain is [var first, ..] ? first.Source : Source.Default;
            // A dynamic setting of all brokers stands above this broker's file.
            var value = source is Source.DynamicBroker or Source.DynamicDefaultBroker ? chain[0].Value : effective.Text(key.Name, out _, out _);
            yield return Result(key, value, source, isReadOnly: false, chain);
        }
    }

    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfBroker()
    {
        foreach (var key in ConfigCatalog.Broker)
        {
            if (!key.IsDescribed && !server.IsSet(key.Name)) continue;
            var chain = new List<(string Name, string? Value, Source Source)>();
            AddBrokerChain(chain, key.Name);
            var (value, source) = chain is [var first, ..] ? (first.Value, first.Source) : (key.Default, Source.Default);
            yield return Result(key, value, source, key.Dynamic == ConfigDynamic.ReadOnly, chain);
        }
    }

    /// <summary>
    /// What was set for this broker that is no setting of <c>server.properties</c>, and what stands there that belongs to a listener or a plug-in.
    /// </summary>
    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfBrokerBesides()
    {
        foreach (var key in ConfigCatalog.Of(ConfigScope.BrokerDynamicOnly))
        {
            var chain = new List<(string Name, string? Value, Source Source)>();
            AddBrokerChain(chain, key.Name);
            if (chain.Count > 0) yield return Result(key, chain[0].Value, chain[0].Source, isReadOnly: false, chain);
        }
        foreach (var name in Own.Keys.Union(Shared.Keys)
            .Where(static name => ConfigCatalog.FindBroker(name) is null && ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name) is null)
            .Order(StringComparer.Ordinal))
        {
            var chain = new List<(string Name, string? Value, Source Source)>();
            AddBrokerChain(chain, name);
            yield return Result(KeyOf(name), chain[0].Value, chain[0].Source, IsFixed(name), chain);
        }
        foreach (var (name, value) in server.Explicit)
        {
            if (ConfigCatalog.FindBroker(name) is not null || Own.ContainsKey(name) || Shared.ContainsKey(name)) continue;
            // Nobody knows whether a plug-in's setting is a secret, so it is treated as one; of our own none is.
            var own = OwnSettings.Find(name);
            var key = ListenerConfigs.KeyOf(name);
            var isSensitive = own is null && (key is null || key.IsSensitive || key.Type == ConfigType.Password);
            var shown = isSensitive ? null : value;
            var result = new DescribeConfigsResponse.DescribeConfigsResourceResult
            {
                Name = name,
                Value = shown,
                ReadOnly = true,
                ConfigSource = (sbyte)Source.StaticBroker,
                IsSensitive = isSensitive,
                ConfigType = (sbyte)(key?.Type ?? (own is null ? ConfigType.Unknown : ConfigType.String)),
                Documentation = withDocumentation ? own?.Documentation : null,
            };
            if (withSynonyms) result.Synonyms.Add(new() { Name = name, Value = shown, Source = (sbyte)Source.StaticBroker });
            yield return result;
        }
    }

    /// <summary>A subscription to clients' metrics; one that nobody made has the defaults.</summary>
    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfClientMetrics(string subscription)
    {
        var own = _image.ConfigsOf(new ConfigResource(ConfigResourceType.ClientMetrics, subscription));
        foreach (var key in ConfigCatalog.Of(ConfigScope.ClientMetrics))
        {
            if (own.TryGetValue(key.Name, out var set))
                yield return Result(key, set, Source.ClientMetrics, isReadOnly: false, [(key.Name, set, Source.ClientMetrics)]);
            else yield return Result(key, key.Default, Source.Default, isReadOnly: false, []);
        }
    }

    /// <summary>What was set for all brokers together, and nothing else.</summary>
    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfAllBrokers()
    {
        foreach (var (name, value) in Shared)
        {
            var chain = new List<(string Name, string? Value, Source Source)> { (name, value, Source.DynamicDefaultBroker) };
            if (ListenerConfigs.TrySplit(name, out _, out var setting) && Shared.TryGetValue(setting, out var forAll))
                chain.Add((setting, forAll, Source.DynamicDefaultBroker));
            yield return Result(KeyOf(name), value, Source.DynamicDefaultBroker, IsFixed(name), chain);
        }
    }

    /// <summary>The levels of this node's loggers.</summary>
    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfLoggers()
    {
        foreach (var (logger, level) in loggers.All)
        {
            yield return new DescribeConfigsResponse.DescribeConfigsResourceResult
            {
                Name = logger,
                Value = LoggerLevels.NameOf(level),
                ConfigSource = (sbyte)Source.DynamicLogger,
                Documentation = withDocumentation ? "" : null,
            };
        }
    }

    public IEnumerable<DescribeConfigsResponse.DescribeConfigsResourceResult> OfGroup(string group)
    {
        var own = _image.ConfigsOf(new ConfigResource(ConfigResourceType.Group, group));
        foreach (var key in ConfigCatalog.Group)
        {
            if (!key.IsDescribed && !own.ContainsKey(key.Name)) continue;
            var chain = new List<(string Name, string? Value, Source Source)>();
            if (own.TryGetValue(key.Name, out var set)) chain.Add((key.Name, set, Source.DynamicGroup));
            if (key.Synonyms.Count > 0) AddBrokerChain(chain, key.Synonyms[0].Name);
            else if (key.Default is not null) chain.Add((key.Name, key.Default, Source.Default));
            var (value, source) = chain.Count > 0 ? (chain[0].Value, chain[0].Source) : (key.Default, Source.Default);
            yield return Result(key, value, source, isReadOnly: false, chain);
        }
    }

    private ImmutableSortedDictionary<string, string> Own => _image.ConfigsOf(new ConfigResource(ConfigResourceType.Broker, NodeId));

    private ImmutableSortedDictionary<string, string> Shared => _image.ConfigsOf(ConfigResource.AllBrokers);

    /// <summary>The setting behind a name that brokers can have set; of an unknown one only the name is shown, because the value may be a secret.</summary>
    private static ConfigKey KeyOf(string name)
    {
        var known = ListenerConfigs.TrySplit(name, out _, out var setting)
            ? ConfigCatalog.FindBroker(setting)
            : ConfigCatalog.FindBroker(name) ?? ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name);
        return known is not null ? known with { Name = name } : new ConfigKey
        {
            Scope = ConfigScope.Broker,
            Name = name,
            Type = ConfigType.Unknown,
            IsRequired = false,
            Default = null,
            Rule = new ConfigRule("", null, null),
            Dynamic = ConfigDynamic.ReadOnly,
            IsSensitive = true,
            Synonyms = [],
            Effect = ConfigEffect.NoEffect,
            Reason = "nobody knows it",
        };
    }

    /// <summary>Kafka shows a listener's setting as read only, though it is not.</summary>
    private static bool IsFixed(string name) =>
        ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name) is null
            && (ConfigCatalog.FindBroker(name)?.Dynamic ?? ConfigDynamic.ReadOnly) == ConfigDynamic.ReadOnly;

    private string NodeId => server.NodeId.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// The values of a broker's setting and of those in other units. As in Kafka, the chain begins with the setting itself: what stands above it is not shown.
    /// </summary>
    private void AddBrokerChain(List<(string Name, string? Value, Source Source)> chain, string name)
    {
        var start = chain.Count;
        var isOfListener = ListenerConfigs.TrySplit(name, out _, out var setting);
        var family = isOfListener ? [name, setting!] : Array.Find(Families, family => family.Contains(name)) ?? [name];
        AddSet(Own, Source.DynamicBroker);
        AddSet(Shared, Source.DynamicDefaultBroker);
        AddSet(server.Explicit, Source.StaticBroker);
        // Kafka gives the old name the value of the new one.
        if (name == ConfigKeys.BrokerId && !server.IsSet(name)) chain.Add((name, NodeId, Source.StaticBroker));
        foreach (var member in family)
        {
            if (ConfigCatalog.FindBroker(member)?.Default is { } value) chain.Add((member, value, Source.Default));
        }

        var above = chain.Skip(start).TakeWhile(link => link.Name != name).Count();
        chain.RemoveRange(start, above);

        void AddSet(IReadOnlyDictionary<string, string> settings, Source source)
        {
            foreach (var member in family)
            {
                if (settings.TryGetValue(member, out var text)) chain.Add((member, text, source));
            }
        }
    }

    private DescribeConfigsResponse.DescribeConfigsResourceResult Result(
        ConfigKey key, string? value, Source source, bool isReadOnly, List<(string Name, string? Value, Source Source)> chain)
    {
        var isSensitive = key.IsSensitive || key.Type == ConfigType.Password;
        var result = new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = key.Name,
            Value = isSensitive ? null : key.Render(value),
            ReadOnly = isReadOnly,
            ConfigSource = (sbyte)source,
            IsSensitive = isSensitive,
            ConfigType = (sbyte)key.Type,
            Documentation = withDocumentation ? key.Documentation : null,
        };
        if (!withSynonyms) return result;
        foreach (var link in chain)
            result.Synonyms.Add(new() { Name = link.Name, Value = isSensitive ? null : Shown(key, link), Source = (sbyte)link.Source });
        return result;
    }

    /// <summary>Settings of brokers are shown as they were written, everything else as it was understood.</summary>
    private static string? Shown(ConfigKey key, (string Name, string? Value, Source Source) link) =>
        link.Source is Source.DynamicBroker or Source.DynamicDefaultBroker or Source.StaticBroker ? link.Value : key.Render(link.Value);
}
