using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// AlterConfigs 0-2, the older way: sets all settings of a topic, broker, group or subscription at once and takes back those that are not named. Loggers
/// are altered one by one only. A resource named twice is refused as IncrementalAlterConfigs refuses it; Apache Kafka never answers such a request.
/// </summary>
[Serves(ApiKey.AlterConfigs, 0, 2)]
public sealed class AlterConfigsHandler(IControllerChannel controller, int nodeId, LoggerLevels loggers) : IHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    private readonly ConfigAlteration _alteration = new(nodeId, loggers);

    public async ValueTask<AlterConfigsResponse?> Handle(AlterConfigsRequest request, RequestContext context)
    {
        var counts = request.Resources.CountBy(static r => (r.ResourceType, r.ResourceName)).ToDictionary();
        var answers = new List<Task<ConfigProblem?>>(request.Resources.Count);
        foreach (var asked in request.Resources)
        {
            var resource = new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName);
            ConfigChange[] changes = [.. asked.Configs.Select(static c => new ConfigChange(c.Name, ConfigOperation.Set, c.Value))];
            answers.Add(counts[(asked.ResourceType, asked.ResourceName)] > 1
                ? Task.FromResult<ConfigProblem?>(new(ErrorCode.InvalidRequest, ConfigAlteration.RepeatedResource))
                : Replace(resource, changes, request.ValidateOnly));
        }
        var problems = await Task.WhenAll(answers);
        var response = new AlterConfigsResponse();
        foreach (var (asked, problem) in request.Resources.Zip(problems))
        {
            response.Responses.Add(new()
            {
                ErrorCode = problem?.Error ?? ErrorCode.None,
                ErrorMessage = problem?.Message,
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
            });
        }
        return response;
    }

    private Task<ConfigProblem?> Replace(ConfigResource resource, ConfigChange[] changes, bool validateOnly)
    {
        if (resource.Type == ConfigResourceType.BrokerLogger)
            return Task.FromResult<ConfigProblem?>(new(ErrorCode.InvalidRequest, $"Unknown resource type {(sbyte)resource.Type}"));
        return _alteration.Check(resource, changes) is { } problem ? Task.FromResult<ConfigProblem?>(problem)
            : controller.ReplaceConfigs(resource, changes.ToDictionary(static c => c.Name, static c => c.Value!), validateOnly);
    }
}
