using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers.Security;

/// <summary>
/// DescribeDelegationToken 1-3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as Apache Kafka answers on a connection that nobody logged in on; all are such here.
/// </summary>
[Serves(ApiKey.DescribeDelegationToken, 1, 3, ApiListeners.Broker | ApiListeners.Controller)]
public sealed class DescribeDelegationTokenHandler : IHandler<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>
{
    public ValueTask<DescribeDelegationTokenResponse?> Handle(DescribeDelegationTokenRequest request, RequestContext context) =>
        ValueTask.FromResult<DescribeDelegationTokenResponse?>(new()
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
        });
}
