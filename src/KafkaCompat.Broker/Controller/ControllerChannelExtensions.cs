using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>What a broker asks of the controller for itself, typed.</summary>
public static class ControllerChannelExtensions
{
    /// <summary>Asks in the newest version there is. Throws <see cref="NotControllerException"/> where there is no active controller.</summary>
    public static Task<TResponse> Ask<TResponse>(this IControllerChannel controller, IRequestFor<TResponse> request)
        where TResponse : class, IResponse
    {
        ArgumentNullException.ThrowIfNull(request);
        return Ask(controller, request, new ForwardedRequest(request, ApiCatalog.Get(request.Key).Versions.Max));
    }

    /// <summary>Asks as <paramref name="forwarded"/> says: in a version, in the name of a client.</summary>
    public static async Task<TResponse> Ask<TResponse>(this IControllerChannel controller, IRequestFor<TResponse> request, ForwardedRequest forwarded)
        where TResponse : class, IResponse
    {
        ArgumentNullException.ThrowIfNull(controller);
        ArgumentNullException.ThrowIfNull(forwarded);
        var answer = await controller.Forward(forwarded with { Body = request });
        return answer switch
        {
            { Response: TResponse response } => response,
            { Error: ErrorCode.NotController } => throw new NotControllerException(),
            _ => throw new InvalidOperationException($"The controller did not answer {request.Key}: {answer.Error}."),
        };
    }
}
