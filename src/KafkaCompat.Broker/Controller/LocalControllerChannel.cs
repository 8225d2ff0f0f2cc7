using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// The way to the controller where that is this very node: its handlers are run as those of its listener are, with what the forwarded request says in place of
/// a connection. The node's own broker can ask too what no listener serves.
/// </summary>
public sealed class LocalControllerChannel(DispatchTable served, IController controller) : IControllerChannel
{
    private DispatchTable Within => field ??=
        new(ApiListeners.None, ControllerApis.All.Where(static api => api.Listeners == ApiListeners.None).Select(api => new DecidedApi(api, controller)));

    public Task<ForwardedAnswer> Forward(ForwardedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Run(request.User is null && served.Find((short)request.Body.Key) is null ? Within : served, request);
    }

    /// <summary>Runs the handler that a listener of the controller has for a forwarded request.</summary>
    public static async Task<ForwardedAnswer> Run(DispatchTable served, ForwardedRequest request)
    {
        ArgumentNullException.ThrowIfNull(served);
        ArgumentNullException.ThrowIfNull(request);
        var key = request.Body.Key;
        var api = served.Find((short)key);
        if (api is null || request.Version < api.MinVersion || request.Version > api.MaxVersion) return ForwardedAnswer.Without(ErrorCode.UnsupportedVersion);
        var connection = new ConnectionInfo("forwarded", request.ListenerName, served, request.ClientAddress, CancellationToken.None)
        {
            User = request.User ?? "",
            PrincipalType = request.PrincipalType,
            Access = request.AccessBy(served.Authorizer),
        };
        var context = new RequestContext(key, request.Version, request.CorrelationId, request.ClientId, connection)
        {
            IsForwarded = true,
            IsOfNode = request.User is null
        };
        try
        {
            var response = await api.Handle(request.Body, context);
            return response is null ? ForwardedAnswer.Without(ErrorCode.InvalidRequest) : ForwardedAnswer.Of(response);
        }
        catch (NotControllerException)
        {
            return ForwardedAnswer.Without(ErrorCode.NotController);
        }
    }
}
