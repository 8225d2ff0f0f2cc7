using System.Globalization;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// What both alterations of settings do before the controller is asked, in Kafka's order: a resource named twice, a setting named twice, values that are
/// missing, another broker's id. Loggers are this node's own business and are altered here.
/// </summary>
internal sealed class ConfigAlteration(int nodeId, LoggerLevels loggers)
{
    private const string RepeatedResource = "Each resource must appear at most once.";

    /// <summary>What of each resource ends here; null for what is the controller's.</summary>
    public ConfigVerdict?[] Preprocess(IReadOnlyList<ConfigAsked> asked, bool hasLoggers, bool validateOnly, RequestContext context)
    {
        var counts = asked.CountBy(static resource => (resource.Type, resource.Name)).ToDictionary();
        return [.. asked.Select(resource =>
        {
            if (counts[(resource.Type, resource.Name)] > 1) return new ConfigVerdict(ErrorCode.InvalidRequest, RepeatedResource);
            var isLogger = (ConfigResourceType)resource.Type == ConfigResourceType.BrokerLogger;
            if (isLogger && !hasLoggers) return new ConfigVerdict(ErrorCode.InvalidRequest, $"Unknown resource type {resource.Type}");
            if (Forbidden(resource.Type, context) is { } forbidden) return forbidden;
            if ((Problem(resource, context) ?? (isLogger ? AlterLoggers(resource.Changes, validateOnly) : null)) is { } problem)
                return new ConfigVerdict(problem.Error, problem.Message);
            return isLogger ? new ConfigVerdict(ErrorCode.None, null) : null;
        })];
    }

    /// <summary>The answer for all resources, in the request's order: what ended here, and what the controller decided of the rest.</summary>
    public static List<TResult> Merge<TAsked, TResult>(List<TAsked> asked, ConfigVerdict?[] verdicts, List<TResult> decided)
        where TAsked : IResourceToAlter
        where TResult : IAlteredResource, new()
    {
        var next = 0;
        return [.. asked.Select((resource, i) => verdicts[i] is not { } verdict ? decided[next++] : new TResult
        {
            ErrorCode = verdict.Error,
            ErrorMessage = verdict.Message,
            ResourceType = resource.ResourceType,
            ResourceName = resource.ResourceName,
        })];
    }

    /// <summary>
    /// The refusal of a client that may not alter a resource which ends here; null where it may, and where the controller asks. A broker asks for its own
    /// settings and loggers before it passes the rest on. A controller asks for what it is sent of brokers and loggers, before it looks which node is meant.
    /// </summary>
    private static ConfigVerdict? Forbidden(sbyte type, RequestContext context)
    {
        var isController = context.Connection.Dispatch.Listener == ApiListeners.Controller;
        var isAllowed = ((ConfigResourceType)type, isController) switch
        {
            (ConfigResourceType.Broker, _) => context.IsForwarded || context.Access.AllowsOnCluster(AclOperation.AlterConfigs),
            (ConfigResourceType.BrokerLogger, false) => context.Access.AllowsOnCluster(AclOperation.AlterConfigs),
            (ConfigResourceType.BrokerLogger, true) => context.Access.AllowsOnCluster(AclOperation.ClusterAction),
            _ => true,
        };
        return isAllowed ? null : new ConfigVerdict(ErrorCode.ClusterAuthorizationFailed, isController ? AuthorizationTexts.Cluster : null);
    }

    /// <summary>What is wrong with the request for a resource, whatever its settings may be; null where nothing is.</summary>
    private ConfigProblem? Problem(ConfigAsked asked, RequestContext context)
    {
        if (asked.Changes.Select(static change => change.Name).Distinct(StringComparer.Ordinal).Count() != asked.Changes.Count)
            return new(ErrorCode.InvalidRequest, "Error due to duplicate config keys");
        var nulls = asked.Changes.Where(static change => change is { Operation: not ConfigOperation.Delete, Value: null }).Select(static change => change.Name)
            .ToList();
        if (nulls.Count > 0) return new(ErrorCode.InvalidRequest, $"Null value not supported for : {string.Join(",", nulls)}");
        return ((ConfigResourceType)asked.Type, asked.Name) switch
        {
            (ConfigResourceType.Broker, "") => null,
            // A broker that passed it on has looked whether it is the one that is meant.
            (ConfigResourceType.Broker, _) when !context.IsForwarded => NodeProblem(asked.Name, "Unexpected broker id, expected"),
            (ConfigResourceType.BrokerLogger, _) => NodeProblem(asked.Name, "Unexpected node id. Expected"),
            _ => null,
        };
    }

    /// <summary>Sets levels of loggers, all of them or none; they last as long as the process does.</summary>
    private ConfigProblem? AlterLoggers(IReadOnlyCollection<ConfigChange> changes, bool validateOnly)
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
                $"Cannot set the log level of {change.Name} to {change.Value} as it is not a supported log level. Valid log levels are "
                    + $"{string.Join(", ", LoggerLevels.Names)}")
            : null;
    }

    private ConfigProblem? NodeProblem(string name, string unexpected) =>
        !int.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
            ? new(ErrorCode.InvalidRequest, $"Node id must be an integer, but it is: {name}")
            : id != nodeId ? new(ErrorCode.InvalidRequest, string.Create(CultureInfo.InvariantCulture, $"{unexpected} {nodeId}, but received {name}"))
            : null;
}
