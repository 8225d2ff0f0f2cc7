using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// Envelope 0 (KIP-590): a broker passes on what a client has asked of it. The controller decides that in the client's name and by the client's address, as
/// if the client had come itself.
/// <list type="bullet">
/// <item>Only who may act for the cluster says who somebody else is: CLUSTER_AUTHORIZATION_FAILED for others.</item>
/// <item>A principal that is missing or cannot be read is PRINCIPAL_DESERIALIZATION_FAILURE.</item>
/// <item>An address that is none, and a key that brokers do not pass on, is INVALID_REQUEST; what is no request of a known version is
/// UNSUPPORTED_VERSION.</item>
/// <item>Where this node is not the active controller the whole is NOT_CONTROLLER, and the broker looks for the one that is.</item>
/// </list>
/// </summary>
[Serves(ApiKey.Envelope, 0, 0, ApiListeners.Controller)]
public sealed class EnvelopeHandler : IHandler<EnvelopeRequest, EnvelopeResponse>, IHoldsRequest<EnvelopeRequest>
{
    long IHoldsRequest<EnvelopeRequest>.CostWithin(EnvelopeRequest request, long maxCost) => request.Open(maxCost).Cost;

    public async ValueTask<EnvelopeResponse?> Handle(EnvelopeRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.ClusterAction)) return new() { ErrorCode = ErrorCode.ClusterAuthorizationFailed };
        // Before the first await: the bytes are the request's.
        var refusal = ForwardedRequest.Read(request, context.ListenerName, out var asked);
        if (asked is null) return new() { ErrorCode = refusal };
        var answer = await LocalControllerChannel.Run(context.Connection.Dispatch, asked);
        return answer.ToEnvelope(asked);
    }
}
