using System.Globalization;
using KafkaCompat.Broker.Configs;
using KafkaCompat.Broker.Telemetry;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Configs;
using KafkaCompat.Protocol.Enums;
using ConfigType = KafkaCompat.Protocol.Configs.ConfigType;

namespace KafkaCompat.Broker.Controller;

/// <summary>Kafka's rules for the settings of topics, brokers, groups and client metrics, over this node's settings.</summary>
public sealed class ResourceConfigRules(ServerConfig server) : IResourceConfigRules
{
    private const string IntervalMs = ConfigKeys.IntervalMs;
    private const int LeastIntervalMs = 100;
    private const int LargestIntervalMs = 3_600_000;

    private readonly TopicConfigRules _topics = new(server);

    public IReadOnlyList<string>? ListDefault(ConfigResourceType type, string name)
    {
        var key = type switch
        {
            ConfigResourceType.Topic => ConfigCatalog.FindTopic(name),
            ConfigResourceType.Broker => ConfigCatalog.FindBroker(name),
            ConfigResourceType.Group => ConfigCatalog.Find(ConfigScope.Group, name),
            _ => null,
        };
        if (key is not { Type: ConfigType.List }) return null;
        return key.TryParse(key.Default, out var value, out _) && value is List<string> list ? list : [];
    }

    public ConfigProblem? Check(ConfigResource resource, IReadOnlyDictionary<string, string> configs, MetadataImage image) => resource.Type switch
    {
        ConfigResourceType.Topic => Bad(_topics.Check(configs)),
        ConfigResourceType.Broker => BrokerConfigRules.Check(server, image, resource, configs) is { } problem ? new(ErrorCode.InvalidRequest, problem) : null,
        ConfigResourceType.Group => Bad(CheckGroup(configs)),
        ConfigResourceType.ClientMetrics => CheckClientMetrics(configs),
        _ => null,
    };

    private static ConfigProblem? Bad(string? problem) => problem is null ? null : new(ErrorCode.InvalidConfig, problem);

    private string? CheckGroup(IReadOnlyDictionary<string, string> configs)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, text) in configs)
        {
            if (ConfigCatalog.Find(ConfigScope.Group, name) is not { } key) return $"Unknown group config name: {name}";
            if (!key.TryParse(text, out var value, out var problem)) return problem;
            values[name] = value;
        }
        foreach (var (name, value) in values)
        {
            if (value is int number && OutOfRange(name, number) is { } problem) return problem;
        }
        foreach (var protocol in GroupBounds.Protocols)
        {
            var (session, heartbeat) = ($"{protocol}.session.timeout.ms", $"{protocol}.heartbeat.interval.ms");
            if (InForce(session) <= InForce(heartbeat)) return $"{session} must be greater than {heartbeat}";
        }
        return null;

        int InForce(string name) => values.GetValueOrDefault(name) as int? ?? server.GetInt($"group.{name}");
    }

    private string? OutOfRange(string name, int value)
    {
        var (least, most) = GroupBounds.Of(name);
        return (least is null ? (int?)null : server.GetInt(least), most is null ? (int?)null : server.GetInt(most)) switch
        {
            ({ } min, { } max) when value < min || value > max => $"{name} must be in the range {min} to {max} inclusive.",
            ({ } min, null) when value < min => $"{name} must be greater than or equal to {min}",
            (null, { } max) when value > max => $"{name} must be less than or equal to {max}",
            _ => null,
        };
    }

    private static ConfigProblem? CheckClientMetrics(IReadOnlyDictionary<string, string> configs)
    {
        foreach (var (name, text) in configs)
        {
            if (ConfigCatalog.Find(ConfigScope.ClientMetrics, name) is not { } key)
                return new(ErrorCode.InvalidRequest, $"Unknown client metrics configuration: {name}");
            if (!key.TryParse(text, out var value, out var problem)) return new(ErrorCode.InvalidConfig, problem);
            if (name == IntervalMs && value is int interval and (< LeastIntervalMs or > LargestIntervalMs))
            {
                return new(
                    ErrorCode.InvalidRequest,
                    string.Create(CultureInfo.InvariantCulture,
                        $"Invalid value {interval} for {IntervalMs}, interval must be between {LeastIntervalMs} and {LargestIntervalMs} (1 hour)"));
            }
            if (name == ClientMatch.Setting && ClientMatch.Parse((List<string>)value!, out var broken) is null)
                return new(ErrorCode.InvalidConfig, $"Illegal client matching pattern: {broken}");
        }
        return null;
    }
}
