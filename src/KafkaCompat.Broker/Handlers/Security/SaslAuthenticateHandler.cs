using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// SaslAuthenticate 0-2: ILLEGAL_SASL_STATE, as Apache Kafka answers whoever need not log in, or has: on listeners where nobody does, in Kafka's words.
/// </summary>
[Serves(ApiKey.SaslAuthenticate, 0, 2, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class SaslAuthenticateHandler : IHandler<SaslAuthenticateRequest, SaslAuthenticateResponse>
{
    public ValueTask<SaslAuthenticateResponse?> Handle(SaslAuthenticateRequest request, RequestContext context) =>
        ValueTask.FromResult<SaslAuthenticateResponse?>(new()
        {
            ErrorCode = ErrorCode.IllegalSaslState,
            ErrorMessage = "SaslAuthenticate request received after successful authentication",
        });
}
