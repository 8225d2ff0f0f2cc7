using KafkaCompat.Cluster.Controller;
using KafkaCompat.Cluster.Security;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>The way from a handler of the controller's listener to what the controller decides: no other handler stands between.</summary>
public sealed class DecisionChannel(IController controller, IAuthorizer? authorizer) : IControllerChannel
{
    public async Task<ForwardedAnswer> Forward(ForwardedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var client = request.User is { } user ? new RequestClient(user, request.ClientId ?? "") : (RequestClient?)null;
            return ForwardedAnswer.Of(
                await controller.Ask(new ControllerRequest(request.Body, request.Version) { Client = client, Access = request.AccessBy(authorizer) }));
        }
        catch (NotControllerException)
        {
            return ForwardedAnswer.Without(ErrorCode.NotController);
        }
    }
}
