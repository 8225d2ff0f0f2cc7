using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;

namespace KafkaCompat.Broker.Controller;

/// <summary>
/// Serves a key on a broker's listener by passing its requests on to the controller, any key that the specs call forwardable. The next request of the
/// connection is begun when this one is answered, which is when this node's image holds the change: so a Metadata behind a CreateTopics sees the topic, sent
/// with it or later.
/// </summary>
/// <remarks>
/// Where there is no active controller the request is refused whole: NOT_CONTROLLER, which clients know to try again. Where the controller refuses this node's
/// Envelope, for a right that the node lacks most of all, that is none of the client's affair: as with Kafka it is told UNKNOWN_SERVER_ERROR.
/// </remarks>
public sealed class ForwardedApi(ApiKey key, short minVersion, short maxVersion, IControllerChannel controller) : ServedApi(key, minVersion, maxVersion)
{
    internal override IRequest Read(ref WireReader body, short version) => ApiCatalog.ReadRequest(Key, ref body, version);

    internal override async ValueTask<IResponse?> Handle(IRequest request, RequestContext context) =>
        ToResponse(await controller.Forward(ForwardedRequest.Of(request, context)), request, context);

    /// <summary>The answer to the client; null if its connection is closed instead.</summary>
    internal static IResponse? ToResponse(ForwardedAnswer answer, IRequest request, RequestContext context)
    {
        if (answer.Error == ErrorCode.NotController)
        {
            // A broker that has passed a request on looks for the next controller by the error of its Envelope, and not within the answer.
            if (context.IsForwarded) throw new NotControllerException();
            return request.Refusal(context.ApiVersion, ErrorCode.NotController, null);
        }
        if (answer.Error is not (ErrorCode.None or ErrorCode.UnsupportedVersion or ErrorCode.InvalidRequest))
            return request.Refusal(context.ApiVersion, ErrorCode.UnknownServerError, null);
        if (answer.Response is null) context.CloseConnection();
        // The throttle that the controller found is the client's, whose connection is here.
        if (answer.Response is IThrottledResponse { ThrottleTimeMs: > 0 and var throttleMs } && context.Meter is { } meter) meter.ThrottleMs = throttleMs;
        return answer.Response;
    }
}
