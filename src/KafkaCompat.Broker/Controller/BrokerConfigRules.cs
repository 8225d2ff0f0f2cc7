using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Metadata;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// What may be set for brokers while they run: Kafka's rules in Kafka's order, over what holds for this node already. A name that nobody knows is stored
/// and has no effect, as in Kafka; what this program would not take up is refused instead of stored in vain.
/// </summary>
internal static class BrokerConfigRules
{
    private const string LogCleanerThreads = ConfigKeys.LogCleanerThreads;
    private const string MetricReporters = ConfigKeys.MetricReporters;
    private const string LogRollMs = ConfigKeys.LogRollMs;

    /// <summary>Numbers of threads that may at most double and at least halve with one alteration.</summary>
    private static readonly string[] ThreadCounts =
    [
        ConfigKeys.NumNetworkThreads, ConfigKeys.NumIoThreads, ConfigKeys.NumReplicaFetchers, ConfigKeys.NumRecoveryThreadsPerDataDir,
        ConfigKeys.BackgroundThreads,
        ConfigKeys.RemoteLogManagerCopierThreadPoolSize, ConfigKeys.RemoteLogManagerExpirationThreadPoolSize, ConfigKeys.RemoteLogManagerFollowerThreadPoolSize,
        ConfigKeys.RemoteLogReaderThreads,
    ];

    /// <summary>Keys and certificates, which Kafka reads again for one listener alone.</summary>
    private static readonly string[] OfListenersAlone =
    [
        ConfigKeys.SslEngineFactoryClass, ConfigKeys.SslKeyPassword, ConfigKeys.SslKeystoreCertificateChain, ConfigKeys.SslKeystoreKey,
        ConfigKeys.SslKeystoreLocation, ConfigKeys.SslKeystorePassword, ConfigKeys.SslKeystoreType,
        ConfigKeys.SslTruststoreCertificates, ConfigKeys.SslTruststoreLocation, ConfigKeys.SslTruststorePassword, ConfigKeys.SslTruststoreType,
    ];

    /// <summary>What is wrong with all that a resource of type broker would have set; null where nothing is.</summary>
    public static string? Check(ServerConfig configured, MetadataImage image, ConfigResource resource, IReadOnlyDictionary<string, string> after)
    {
        var isShared = resource == ConfigResource.AllBrokers;
        var before = image.ConfigsOf(resource);
        var changed = after.Where(setting => before.GetValueOrDefault(setting.Key) != setting.Value).Select(static setting => setting.Key).ToList();
        return Refused(changed, isShared) ?? BadValue(configured, changed, after) ?? Together(configured, image, resource, after, changed);
    }

    private static string? Refused(List<string> changed, bool isShared)
    {
        var fixedOnes = changed.FindAll(static name => ConfigCatalog.FindBroker(name)?.Dynamic == ConfigDynamic.ReadOnly);
        if (fixedOnes.Count > 0) return $"Cannot update these configs dynamically: [{string.Join(", ", fixedOnes)}]";
        var security = changed.FindAll(static name => Array.IndexOf(OfListenersAlone, name) >= 0);
        if (security.Count > 0)
            return $"These security configs can be dynamically updated only per-listener using the listener prefix: [{string.Join(", ", security)}]";
        var perBroker = isShared ? changed.FindAll(IsOfOneBroker) : [];
        if (perBroker.Count > 0) return $"Cannot update these configs at default cluster level, broker id must be specified: [{string.Join(", ", perBroker)}]";
        var fromFile = changed.Find(KnownSettings.IsFromFileAlone);
        return fromFile is null ? null : $"{fromFile} cannot change while this broker runs: set it in server.properties and start the broker again.";
    }

    private static bool IsOfOneBroker(string name) =>
        ListenerConfigs.TrySplit(name, out _, out var setting)
            ? !ListenerConfigs.IsOfEveryListener(setting)
            : ConfigCatalog.FindBroker(name)?.Dynamic == ConfigDynamic.PerBroker;

    private static string? BadValue(ServerConfig configured, List<string> changed, IReadOnlyDictionary<string, string> after)
    {
        foreach (var name in changed)
        {
            if (KeyOf(configured, name) is not { } key) continue;
            if (!key.TryParse(after[name], out var value, out var problem)) return problem;
            if (UnservedSettings.Refusal(key, after[name]) is { } refusal) return refusal;
            // A file may name an element twice; an alteration may not.
            if (value is List<string> { Count: var count } && JavaText.List(JavaText.Trim(after[name])).Count > count)
                return $"Configuration '{name}' values must not be duplicated.";
            if (name == LogRollMs && value is < 1L) return $"{LogRollMs} must be greater than or equal to 1";
            var isOfListener = ListenerConfigs.TrySplit(name, out var listener, out var setting);
            if (ListenerConfigs.IsServed(setting ?? name) && value is 0 && (!isOfListener || Listens(configured, listener!)))
                return $"Invalid {name} 0: a number from 1 on says how many may connect.";
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
            return LocalLog(changed, then);
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
        var isOfListener = ListenerConfigs.TrySplit(name, out var listener, out var setting) && Listens(then, listener);
        if (name != LogCleanerThreads && Array.IndexOf(ThreadCounts, isOfListener ? setting : name) < 0) return null;
        var (current, wanted) = isOfListener
            ? (now.GetListenerInt(listener!, setting!) ?? now.GetInt(setting!), then.GetListenerInt(listener!, setting!) ?? then.GetInt(setting!))
            : (now.GetInt(name), then.GetInt(name));
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

    /// <summary>
    /// What tiered storage keeps here is a part of what is kept; Kafka holds the four settings to each other even where there is no tiered storage.
    /// </summary>
    private static string? LocalLog(List<string> changed, ServerConfig then)
    {
        const long AsTheLog = -2;
        const long WithoutEnd = -1;
        foreach (var unit in (string[])["ms", "bytes"])
        {
            var (retention, local, lag) = ($"log.retention.{unit}", $"log.local.retention.{unit}", $"log.remote.copy.lag.{unit}");
            if (!changed.Exists(name => name == local || name == lag || name.StartsWith("log.retention.", StringComparison.Ordinal))) continue;
            var all = unit == "ms" ? TopicConfig.Create(then).RetentionMs : then.GetLong(retention);
            var here = then.GetLong(local);
            if (here != AsTheLog && all >= 0 && (here == WithoutEnd || here > all))
                return $"Invalid value {here} for configuration {local}: Value must not be more than {retention}, which is {all}";
            var kept = here == AsTheLog ? all : here;
            if (kept >= 0 && then.GetLong(lag) is var wait && wait > kept)
                return $"Invalid value {wait} for configuration {lag}: Value must not be more than what is kept here, which is {kept}";
        }
        return null;
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

    private static bool Listens(ServerConfig configured, string listener) =>
        configured.Listeners.All.Any(endpoint => endpoint.Name.Equals(listener, StringComparison.OrdinalIgnoreCase));

    /// <summary>What a name's value has to be. Of a listener that is not here only what every listener has is looked at, as in Kafka.</summary>
    private static ConfigKey? KeyOf(ServerConfig configured, string name) =>
        ListenerConfigs.TrySplit(name, out var listener, out var setting)
            ? Listens(configured, listener) || ListenerConfigs.IsOfEveryListener(setting) ? ConfigCatalog.FindBroker(setting) : null
            : ConfigCatalog.FindBroker(name) ?? ConfigCatalog.Find(ConfigScope.BrokerDynamicOnly, name);
}
