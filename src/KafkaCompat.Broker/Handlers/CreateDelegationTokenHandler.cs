using KafkaCompat.Broker.Dispatch;
using KafkaCompat.Protocol;
using KafkaCompat.Protocol.Messages;

namespace KafkaCompat.Broker.Handlers;

/// <summary>CreateDelegationToken 1-3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as Apache Kafka answers on a connection that nobody logged in on; all are such here.</summary>
[Serves(ApiKey.CreateDelegationToken, 1, 3)]
public sealed class CreateDelegationTokenHandler : IHandler<CreateDelegationTokenRequest, CreateDelegationTokenResponse>
{
    public ValueTask<CreateDelegationTokenResponse?> Handle(CreateDelegationTokenRequest request, RequestContext context) => ValueTask.FromResult<CreateDelegationTokenResponse?>(new()
    {
        ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
        PrincipalType = "User",
        PrincipalName = context.User,
        TokenRequesterPrincipalType = context.ApiVersion >= 3 ? "User" : "",
        TokenRequesterPrincipalName = context.ApiVersion >= 3 ? context.User : "",
        IssueTimestampMs = -1,
        ExpiryTimestampMs = -1,
        MaxTimestampMs = -1,
    });
}
