using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Logging;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Configs;

/// <summary>
/// IncrementalAlterConfigs 0-1: sets, deletes, appends to and subtracts from single settings of topics, brokers (without a name: all of them), groups,
/// client metrics and this node's loggers. Each resource on its own, all that is asked of it or nothing; with validateOnly nothing. Answered in the
/// request's order when this node's metadata holds the change.
/// </summary>
[Serves(ApiKey.IncrementalAlterConfigs, 0, 1)]
public sealed class IncrementalAlterConfigsHandler(IControllerChannel controller, int nodeId, LoggerLevels loggers)
    : IHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    private readonly ConfigAlteration _alteration = new(nodeId, loggers);

    public async ValueTask<IncrementalAlterConfigsResponse?> Handle(IncrementalAlterConfigsRequest request, RequestContext context)
    {
        var counts = request.Resources.CountBy(static r => (r.ResourceType, r.ResourceName)).ToDictionary();
        var answers = new List<Task<ConfigProblem?>>(request.Resources.Count);
        foreach (var asked in request.Resources)
        {
            var resource = new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName);
            ConfigChange[] changes = [.. asked.Configs.Select(static c => new ConfigChange(c.Name, (ConfigOperation)c.ConfigOperation, c.Value))];
            answers.Add(counts[(asked.ResourceType, asked.ResourceName)] > 1
                ? Task.FromResult<ConfigProblem?>(new(ErrorCode.InvalidRequest, ConfigAlteration.RepeatedResource))
                : Alter(resource, changes, request.ValidateOnly));
        }
        var problems = await Task.WhenAll(answers);
        var response = new IncrementalAlterConfigsResponse();
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

    private Task<ConfigProblem?> Alter(ConfigResource resource, ConfigChange[] changes, bool validateOnly) =>
        _alteration.Check(resource, changes) is { } problem ? Task.FromResult<ConfigProblem?>(problem)
            : resource.Type == ConfigResourceType.BrokerLogger ? Task.FromResult(_alteration.AlterLoggers(changes, validateOnly))
            : controller.AlterConfigs(resource, changes, validateOnly);
}
