using KafkaCompat.Broker.Configs;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Controller;

/// <summary>Topic configs over this node's settings.</summary>
public sealed class TopicConfigRules(ServerConfig server) : ITopicConfigRules
{
    private const sbyte FromTopic = 1;
    private const sbyte FromAllBrokers = 3;
    private const sbyte FromFile = 4;
    private const sbyte FromDefault = 5;
    private const string MinLag = ConfigKeys.MinCompactionLagMs;
    private const string MaxLag = ConfigKeys.MaxCompactionLagMs;

    public string? Check(IReadOnlyDictionary<string, string> configs)
    {
        ArgumentNullException.ThrowIfNull(configs);
        foreach (var (name, value) in configs)
        {
            if (TopicConfig.Check(name, value) is { } problem)
            {
                return problem;
            }
        }

        if (configs.ContainsKey(MinLag) || configs.ContainsKey(MaxLag))
        {
            var effective = TopicConfig.Create(server, configs);
            var (atLeastMs, atMostMs) = (LongOf(effective, MinLag), LongOf(effective, MaxLag));
            if (atLeastMs > atMostMs)
            {
                return $"conflict topic config setting {MinLag} ({atLeastMs}) > {MaxLag} ({atMostMs})";
            }
        }

        return ConfigCatalog.FindTopic(ConfigKeys.RemoteStorageEnable)!.TryParse(configs.GetValueOrDefault(ConfigKeys.RemoteStorageEnable), out var isTiered,
            out _) && isTiered is true && !server.GetBool(ConfigKeys.RemoteLogStorageSystemEnable)
            ? "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
            : null;
    }

    public IReadOnlyList<TopicConfigValue> Describe(IReadOnlyDictionary<string, string> configs, IReadOnlyDictionary<string, string> clusterDefaults)
    {
        var topic = TopicConfig.Create(server, configs);
        var values = new List<TopicConfigValue>();
        foreach (var key in ConfigCatalog.Topic.Where(k => k.IsDescribed && !k.IsInternal).OrderBy(k => k.Name, StringComparer.Ordinal))
        {
            var text = topic.Text(key.Name, out var origin, out _);
            var source = origin switch { TopicConfigOrigin.Topic => FromTopic, TopicConfigOrigin.Broker => FromFile, _ => FromDefault };
            if (origin != TopicConfigOrigin.Topic && FromCluster(key, clusterDefaults) is { } shared)
            {
                (text, source) = (shared, FromAllBrokers);
            }

            values.Add(new TopicConfigValue(key.Name, text, source, key.IsSensitive));
        }

        return values;
    }

    private static long LongOf(TopicConfig configs, string name) =>
        ConfigCatalog.FindTopic(name)!.TryParse(configs.Text(name, out _, out _), out var value, out _) && value is long number ? number : 0;

    private static string? FromCluster(ConfigKey key, IReadOnlyDictionary<string, string> clusterDefaults)
    {
        foreach (var (synonym, factor) in key.Synonyms)
        {
            if (clusterDefaults.TryGetValue(synonym, out var text))
            {
                return TopicConfig.Scaled(key, text, factor);
            }
        }

        return null;
    }
}
