using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Enums;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Transactions;

/// <summary>
/// InitProducerId 0-5 for idempotent producers: a producer id that the cluster never gave out before, with epoch 0.
/// <list type="bullet">
/// <item>An empty transactional id is INVALID_REQUEST, as with Kafka; so is a producer id without its epoch.</item>
/// </list>
/// Left out: transactions. A transactional id gets TRANSACTIONAL_ID_AUTHORIZATION_FAILED: of the errors that clients
/// know it is fatal at once and names the transactional id, where COORDINATOR_NOT_AVAILABLE would have them try for ever.
/// </summary>
[Serves(ApiKey.InitProducerId, 0, 5)]
public sealed class InitProducerIdHandler(ProducerIdBlock producerIds, UnservedFeatures unserved) : IHandler<InitProducerIdRequest, InitProducerIdResponse>
{
    private const int None = -1;

    public async ValueTask<InitProducerIdResponse?> Handle(InitProducerIdRequest request, RequestContext context)
    {
        if (request.TransactionalId is { } id)
        {
            if (!context.Access.Allows(AclOperation.Write, ResourceType.TransactionalId, id)) return Refused(ErrorCode.TransactionalIdAuthorizationFailed);
        }
        else if (!context.Access.AllowsOnCluster(AclOperation.IdempotentWrite) && !context.Access.AllowsOnAny(AclOperation.Write, ResourceType.Topic))
        {
            return Refused(ErrorCode.ClusterAuthorizationFailed);
        }
        if (request.TransactionalId?.Length == 0) return Refused(ErrorCode.InvalidRequest);
        if (request.TransactionalId is not null)
        {
            unserved.Asked(UnservedFeature.Transactions, context);
            return Refused(ErrorCode.TransactionalIdAuthorizationFailed);
        }
        if (request.ProducerId == None != (request.ProducerEpoch == None)) return Refused(ErrorCode.InvalidRequest);
        var (error, producerId) = await producerIds.Next();
        return error == ErrorCode.None ? new InitProducerIdResponse { ProducerId = producerId, ProducerEpoch = 0 } : Refused(error);
    }

    private static InitProducerIdResponse Refused(ErrorCode error) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };
}
