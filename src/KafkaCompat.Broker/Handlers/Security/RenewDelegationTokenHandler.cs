using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// RenewDelegationToken 1-2: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as Apache Kafka answers on a connection that nobody logged in on; all are such here.
/// </summary>
[Serves(ApiKey.RenewDelegationToken, 1, 2, ApiListeners.Controller)]
public sealed class RenewDelegationTokenHandler : IHandler<RenewDelegationTokenRequest, RenewDelegationTokenResponse>
{
    public ValueTask<RenewDelegationTokenResponse?> Handle(RenewDelegationTokenRequest request, RequestContext context) =>
        ValueTask.FromResult<RenewDelegationTokenResponse?>(new()
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            ExpiryTimestampMs = -1,
        });
}
