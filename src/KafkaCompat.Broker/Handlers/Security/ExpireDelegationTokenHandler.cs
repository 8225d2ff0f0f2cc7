using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// ExpireDelegationToken 1-2: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as Apache Kafka answers on a connection that nobody logged in on; all are such here.
/// </summary>
[Serves(ApiKey.ExpireDelegationToken, 1, 2, ApiListeners.Controller)]
public sealed class ExpireDelegationTokenHandler : IHandler<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>
{
    public ValueTask<ExpireDelegationTokenResponse?> Handle(ExpireDelegationTokenRequest request, RequestContext context) =>
        ValueTask.FromResult<ExpireDelegationTokenResponse?>(new()
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            ExpiryTimestampMs = -1,
        });
}
