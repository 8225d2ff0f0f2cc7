using System.Globalization;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// What both alterations of settings check before the controller is asked, in Kafka's order: a resource named twice, a setting named twice, values that are
/// missing, another broker's id. Loggers are this node's own business and are altered here.
/// </summary>
internal sealed class ConfigAlteration(int nodeId, LoggerLevels loggers)
{
    public const string RepeatedResource = "Each resource must appear at most once.";

    /// <summary>What is wrong with the request for a resource, whatever its settings may be; null where nothing is.</summary>
    public ConfigProblem? Check(ConfigResource resource, IReadOnlyCollection<ConfigChange> changes)
    {
        if (changes.Select(static change => change.Name).Distinct(StringComparer.Ordinal).Count() != changes.Count)
            return new(ErrorCode.InvalidRequest, "Error due to duplicate config keys");
        var nulls = changes.Where(static change => change is { Operation: not ConfigOperation.Delete, Value: null }).Select(static change => change.Name).ToList();
        if (nulls.Count > 0) return new(ErrorCode.InvalidRequest, $"Null value not supported for : {string.Join(",", nulls)}");
        return resource switch
        {
            { Type: ConfigResourceType.Broker, Name: "" } => null,
            { Type: ConfigResourceType.Broker } => NodeProblem(resource.Name, "Unexpected broker id, expected"),
            { Type: ConfigResourceType.BrokerLogger } => NodeProblem(resource.Name, "Unexpected node id. Expected"),
            _ => null,
        };
    }

    /// <summary>Sets levels of loggers, all of them or none; they last as long as the process does.</summary>
    public ConfigProblem? AlterLoggers(IReadOnlyCollection<ConfigChange> changes, bool validateOnly)
    {
        foreach (var change in changes)
        {
            if (LoggerProblem(change) is { } problem) return problem;
        }
        if (validateOnly) return null;
        foreach (var change in changes) loggers.Set(change.Name, change.Operation == ConfigOperation.Set ? LoggerLevels.Parse(change.Value!) : null);
        return null;
    }

    private ConfigProblem? LoggerProblem(ConfigChange change)
    {
        if (change.Operation is not (ConfigOperation.Set or ConfigOperation.Delete))
            return new(ErrorCode.InvalidRequest, $"{change.Operation.ToString().ToUpperInvariant()} operation is not allowed for the BROKER_LOGGER resource");
        if (!loggers.Contains(change.Name)) return new(ErrorCode.InvalidConfig, $"Logger {change.Name} does not exist!");
        if (change is { Operation: ConfigOperation.Delete, Name: LoggerLevels.Root })
            return new(ErrorCode.InvalidRequest, "Removing the log level of the root logger is not allowed");
        return change.Operation == ConfigOperation.Set && LoggerLevels.Parse(change.Value!) is null
            ? new(
                ErrorCode.InvalidConfig,
                $"Cannot set the log level of {change.Name} to {change.Value} as it is not a supported log level. Valid log levels are {string.Join(", ", LoggerLevels.Names)}")
            : null;
    }

    private ConfigProblem? NodeProblem(string name, string unexpected) =>
        !int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
            ? new(ErrorCode.InvalidRequest, $"Node id must be an integer, but it is: {name}")
            : id != nodeId ? new(ErrorCode.InvalidRequest, string.Create(CultureInfo.InvariantCulture, $"{unexpected} {nodeId}, but received {name}"))
            : null;
}
