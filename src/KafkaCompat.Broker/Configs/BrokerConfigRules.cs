using System.Globalization;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Configs;

namespace KafkaCompat.Broker.Configs;

/// <summary>
/// What may be set for brokers while they run: Kafka's rules in Kafka's order, over what holds for this node already. A name that nobody knows is stored
/// and has no effect, as in Kafka; what this program would not take up is refused instead of stored in vain.
/// </summary>
internal static class BrokerConfigRules
{
    private const string LogCleanerThreads = "log.cleaner.threads";
    private const string MetricReporters = "metric.reporters";

    /// <summary>Numbers of threads that may at most double and at least halve with one alteration.</summary>
    private static readonly string[] ThreadCounts = ["num.network.threads", "num.io.threads", "num.replica.fetchers", "num.recovery.threads.per.data.dir", "background.threads"];

    /// <summary>What is wrong with all that a resource of type broker would have set; null where nothing is.</summary>
    public static string? Check(ServerConfig configured, MetadataImage image, ConfigResource resource, IReadOnlyDictionary<string, string> after)
    {
        var isShared = resource == ConfigResource.AllBrokers;
        var before = image.ConfigsOf(resource);
        var changed = after.Where(setting => before.GetValueOrDefault(setting.Key) != setting.Value).Select(static setting => setting.Key).ToList();
        return Refused(changed, isShared) ?? BadValue(changed, after) ?? Together(configured, image, resource, after, changed);
    }

    private static string? Refused(List<string> changed, bool isShared)
    {
        var fixedOnes = changed.FindAll(static name => ConfigCatalog.FindBroker(name)?.Dynamic == ConfigDynamic.ReadOnly);
        if (fixedOnes.Count > 0) return $"Cannot update these configs dynamically: [{string.Join(", ", fixedOnes)}]";
        var security = changed.FindAll(static name => IsSecurity(name) && ConfigCatalog.FindBroker(name) is not null);
        if (security.Count > 0)
            return $"These security configs can be dynamically updated only per-listener using the listener prefix: [{string.Join(", ", security)}]";
        var perBroker = isShared ? changed.FindAll(static name => ConfigCatalog.FindBroker(name)?.Dynamic == ConfigDynamic.PerBroker) : [];
        if (perBroker.Count > 0) return $"Cannot update these configs at default cluster level, broker id must be specified: [{string.Join(", ", perBroker)}]";
        foreach (var name in changed)
        {
            var isOfListener = ListenerConfigs.TrySplit(name, out _, out var setting);
            if (isOfListener ? !ListenerConfigs.IsServed(setting!) : KnownSettings.IsFromFileAlone(name))
                return $"{name} cannot change while this broker runs: set it in server.properties and start the broker again.";
        }
        return null;
    }

    private static string? BadValue(List<string> changed, IReadOnlyDictionary<string, string> after)
    {
        foreach (var name in changed)
        {
            if (KeyOf(name) is not { } key) continue;
            if (!key.TryParse(after[name], out _, out var problem)) return problem;
            if (UnservedSettings.Refusal(key, after[name]) is { } refusal) return refusal;
        }
        return null;
    }

    /// <summary>What only shows over the settings that hold already: rules between settings, and steps that are too large.</summary>
    private static string? Together(
        ServerConfig configured, MetadataImage image, ConfigResource resource, IReadOnlyDictionary<string, string> after, List<string> changed)
    {
        var isShared = resource == ConfigResource.AllBrokers;
        var own = new ConfigResource(ConfigResourceType.Broker, configured.NodeId.ToString(CultureInfo.InvariantCulture));
        try
        {
            var now = configured.With(Layered(image.ConfigsOf(ConfigResource.AllBrokers), image.ConfigsOf(own)));
            var then = configured.With(Layered(isShared ? after : image.ConfigsOf(ConfigResource.AllBrokers), isShared ? image.ConfigsOf(own) : after));
            foreach (var name in changed)
            {
                if (Step(name, now, then) is { } problem) return problem;
            }
            return null;
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }

    private static string? Step(string name, ServerConfig now, ServerConfig then)
    {
        if (name == MetricReporters && then.GetText(name) is { Length: > 0 } classes && classes != ConfigCatalog.FindBroker(name)!.Default)
            return $"{MetricReporters}: {classes} cannot be loaded: this broker runs no Java classes.";
        if (name != LogCleanerThreads && Array.IndexOf(ThreadCounts, name) < 0) return null;
        var (current, wanted) = (now.GetInt(name), then.GetInt(name));
        if (name == LogCleanerThreads)
        {
            return wanted > 2L * current ? $"Log cleaner threads cannot be increased to more than double the current value {current}"
                : wanted < current / 2 ? $"Log cleaner threads cannot be reduced to less than half the current value {current}"
                : null;
        }
        var prefix = $"Dynamic thread count update validation failed for {name}={wanted}, value should";
        return wanted > 2L * current ? $"{prefix} not be greater than double the current value {current}"
            : wanted < current / 2 ? $"{prefix} be at least half the current value {current}"
            : null;
    }

    private static Dictionary<string, string> Layered(IReadOnlyDictionary<string, string> shared, IReadOnlyDictionary<string, string> own)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(shared, isShared: true);
        Add(own, isShared: false);
        return settings;

        void Add(IReadOnlyDictionary<string, string> layer, bool isShared)
        {
            foreach (var (name, value) in layer)
            {
                if (DynamicBrokerConfig.Problem(name, value, isShared) is null) settings[name] = value;
            }
        }
    }

    private static bool IsSecurity(string name) => name.StartsWith("ssl.", StringComparison.Ordinal) || name.StartsWith("sasl.", StringComparison.Ordinal);

    private static ConfigKey? KeyOf(string name)
    {
        if (ListenerConfigs.TrySplit(name, out _, out var setting)) return ConfigCatalog.FindBroker(setting);
        return ConfigCatalog.FindBroker(name) ?? ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name);
    }
}
