using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>SaslHandshake 0-1: ILLEGAL_SASL_STATE and no mechanism, as Apache Kafka answers on a listener where nobody logs in; all are such here.</summary>
[Serves(ApiKey.SaslHandshake, 0, 1, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class SaslHandshakeHandler : IHandler<SaslHandshakeRequest, SaslHandshakeResponse>
{
    public ValueTask<SaslHandshakeResponse?> Handle(SaslHandshakeRequest request, RequestContext context) => ValueTask.FromResult<SaslHandshakeResponse?>(new()
    {
        ErrorCode = ErrorCode.IllegalSaslState,
    });
}
