using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Machines;
using KafkaCompat.Cluster.Metadata;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Cluster.Tests.Controller;

/// <summary>Requests put to the controller's machine, typed; each has all the time that it needs.</summary>
internal static class Questions
{
    private const long LongMs = 1_000_000;

    public static Decision<TResponse> Decide<TResponse>(this ControllerState state, IRequestFor<TResponse> request, Now now = default)
        where TResponse : class, IResponse => Put(state, request, new ControllerRequest(request, ApiCatalog.Get(request.Key).Versions.Max), now);

    public static Decision<TResponse> Decide<TResponse>(this ControllerState state, IRequestFor<TResponse> request, short version)
        where TResponse : class, IResponse => Put(state, request, new ControllerRequest(request, version), default);

    public static Decision<TResponse> Decide<TResponse>(this ControllerState state, IRequestFor<TResponse> request, IReadOnlySet<string> unknownHosts)
        where TResponse : class, IResponse =>
            Put(state, request, new ControllerRequest(request, ApiCatalog.Get(request.Key).Versions.Max) { UnknownHosts = unknownHosts }, default);

    public static Decision<TResponse> Decide<TResponse>(this ControllerState state, IRequestFor<TResponse> request, Access access)
        where TResponse : class, IResponse =>
            Put(state, request, new ControllerRequest(request, ApiCatalog.Get(request.Key).Versions.Max) { Access = access }, default);

    public static Decision<ConfigProblem?> AlterConfigs(this ControllerState state, ConfigResource resource, IReadOnlyList<ConfigChange> changes,
        bool validateOnly)
    {
        var asked = new IncrementalAlterConfigsRequest.AlterConfigsResource { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name };
        foreach (var change in changes) asked.Configs.Add(new() { Name = change.Name, ConfigOperation = (sbyte)change.Operation, Value = change.Value });
        var decision = state.Decide(new IncrementalAlterConfigsRequest { Resources = { asked }, ValidateOnly = validateOnly });
        return Problem(decision, decision.Reply.Responses[0].ErrorCode, decision.Reply.Responses[0].ErrorMessage);
    }

    public static Decision<ConfigProblem?> ReplaceConfigs(this ControllerState state, ConfigResource resource, IReadOnlyDictionary<string, string> configs,
        bool validateOnly)
    {
        var asked = new AlterConfigsRequest.AlterConfigsResource { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name };
        foreach (var (name, value) in configs) asked.Configs.Add(new() { Name = name, Value = value });
        var decision = state.Decide(new AlterConfigsRequest { Resources = { asked }, ValidateOnly = validateOnly });
        return Problem(decision, decision.Reply.Responses[0].ErrorCode, decision.Reply.Responses[0].ErrorMessage);
    }

    /// <summary>What the next incarnation of a broker that died has it say, so that nobody waits for the end of its session.</summary>
    public static Decision<BrokerHeartbeatResponse> FenceDeadBroker(this ControllerState state, int broker, Now now = default) =>
        state.Decide(new BrokerHeartbeatRequest { BrokerId = broker, BrokerEpoch = state.Image.Brokers[broker].Epoch, WantFence = true }, now);

    private static Decision<ConfigProblem?> Problem<TResponse>(Decision<TResponse> decision, ErrorCode error, string? message) =>
        new(decision.Records, error == ErrorCode.None ? null : new ConfigProblem(error, message));

    private static Decision<TResponse> Put<TResponse>(ControllerState state, IRequestFor<TResponse> _, ControllerRequest request, Now now)
        where TResponse : class, IResponse
    {
        var decision = state.Decide(request with { ArrivalMs = now.TickMs + LongMs }, new Ticket(state.NextOffset), now);
        return new(decision.Records, (TResponse)decision.Reply) { IsAtomic = decision.IsAtomic, Drafts = decision.Drafts };
    }
}
