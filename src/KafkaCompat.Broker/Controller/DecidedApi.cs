using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Serves a key on the controller's listener by having the controller decide it. Where this node is not the active controller a request is refused whole:
/// NOT_CONTROLLER.
/// </summary>
public sealed class DecidedApi(ControllerApi api, IController controller) : ServedApi(api.Key, api.MinVersion, api.MaxVersion)
{
    internal override IRequest Read(ref WireReader body, short version) => ApiCatalog.ReadRequest(Key, ref body, version);

    internal override async ValueTask<IResponse?> Handle(IRequest request, RequestContext context)
    {
        var response = await controller.AskOrRefuse(
            new ControllerRequest(request, context.ApiVersion) { Client = ClientOf(context), Access = context.Access }, context);
        if (response is IThrottledResponse { ThrottleTimeMs: > 0 and var throttleMs } && context.Meter is { } meter) meter.ThrottleMs = throttleMs;
        return response;
    }

    /// <summary>Whom quotas bind.</summary>
    internal static RequestClient? ClientOf(RequestContext context) => context.IsOfNode ? null : new RequestClient(context.User, context.ClientId ?? "");
}
