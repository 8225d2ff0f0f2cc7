using KafkaCompat.Broker.Controller;
using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Broker.Loops;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Handlers.Cluster;

/// <summary>
/// Envelope 0 (KIP-590): a broker passes on what a client has asked of it. The controller decides that in the client's name and by the client's address, as
/// if the client had come itself.
/// <list type="bullet">
/// <item>Only who may act for the cluster says who somebody else is: CLUSTER_AUTHORIZATION_FAILED for others.</item>
/// <item>A principal that is missing or cannot be read is PRINCIPAL_DESERIALIZATION_FAILURE.</item>
/// <item>An address that is none, and a key that brokers do not pass on, is INVALID_REQUEST; what is no request of a known version is
/// UNSUPPORTED_VERSION.</item>
/// <item>Where the handler of what is within has a fault, what is within is answered with UNKNOWN_SERVER_ERROR, and the broker's connection stays: other
/// clients' requests go over it too.</item>
/// <item>Where this node is not the active controller the whole is NOT_CONTROLLER, and the broker looks for the one that is.</item>
/// </list>
/// </summary>
[Serves(ApiKey.Envelope, 0, 0, ApiListeners.Controller)]
public sealed class EnvelopeHandler(ILogger logger) : IHandler<EnvelopeRequest, EnvelopeResponse>, IHoldsRequest<EnvelopeRequest>
{
    long IHoldsRequest<EnvelopeRequest>.CostWithin(EnvelopeRequest request, long maxCost) => request.Open(maxCost).Cost;

    public async ValueTask<EnvelopeResponse?> Handle(EnvelopeRequest request, RequestContext context)
    {
        if (!context.Access.AllowsOnCluster(AclOperation.ClusterAction)) return new() { ErrorCode = ErrorCode.ClusterAuthorizationFailed };
        // Before the first await: the bytes are the request's.
        var refusal = ForwardedRequest.Read(request, context.ListenerName, out var asked);
        if (asked is null) return new() { ErrorCode = refusal };
        return (await Run(asked, context)).ToEnvelope(asked);
    }

    private async Task<ForwardedAnswer> Run(ForwardedRequest asked, RequestContext context)
    {
        try
        {
            return await LocalControllerChannel.Run(context.Connection.Dispatch, asked);
        }
        catch (Exception fault) when (fault is not OperationCanceledException && FatalFaults.MayBeSwallowed(fault))
        {
            EnvelopeLogMessages.HandlerFailed(logger, fault, asked.Body.Key, asked.Version, asked.ClientId);
            return ForwardedAnswer.Of(asked.Body.Refusal(asked.Version, ErrorCode.UnknownServerError, null));
        }
    }
}
