using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Cluster.Controller;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>How a handler of the controller's listener asks the controller.</summary>
public static class ControllerExtensions
{
    /// <summary>
    /// Asks, and refuses the whole request with NOT_CONTROLLER if this node is not the active controller. For a forwarded request the exception passes: its
    /// broker looks for the next controller by the error of its Envelope, and not within the answer.
    /// </summary>
    public static async Task<IResponse> AskOrRefuse(this IController controller, ControllerRequest request, RequestContext context)
    {
        ArgumentNullException.ThrowIfNull(controller);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            return await controller.Ask(request);
        }
        catch (NotControllerException) when (!context.IsForwarded)
        {
            return request.Body.Refusal(context.ApiVersion, ErrorCode.NotController, null);
        }
    }
}
